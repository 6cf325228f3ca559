import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.PostDiscoveryFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;

/**
 * Tells {@code vaurien explore} where each test of JUnit 5 begins and ends, and leaves out those that a run is not about.
 * Without vaurien it does nothing. Needs Java 16; two files in META-INF/services name it. Tests have to run one after the other.
 */
public class VaurienListener implements TestExecutionListener, PostDiscoveryFilter {
    private static final int MAX_TEXT = 2000, MAX_TYPES = 40;
    private static SocketChannel channel;
    private static BufferedReader answers;

    // -- which tests run

    @Override
    public FilterResult apply(TestDescriptor test) {
        String path = System.getenv("VAURIEN_EXPLORE_TESTS");
        if (path == null || test.getSource().filter(MethodSource.class::isInstance).isEmpty()) {
            return FilterResult.included("");
        }
        String name = name(test.getSource(), test.getLegacyReportingName());
        // of a test with parameters only its method is known here
        return FilterResult.includedIf(wanted(path).stream().anyMatch(one -> one.equals(name) || one.startsWith(name + "[")));
    }

    private static Set<String> wanted(String path) {
        Set<String> found = new HashSet<>();
        try {
            Matcher strings = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"").matcher(Files.readString(Path.of(path)));
            while (strings.find()) {
                found.add(read(strings.group(1)));
            }
        } catch (IOException error) {
            throw new IllegalStateException("vaurien: " + path + " cannot be read", error);
        }
        return found;
    }

    private static String name(Optional<TestSource> source, String reported) {
        return source.filter(MethodSource.class::isInstance).map(one -> ((MethodSource) one).getClassName() + ".").orElse("") + reported;
    }

    // -- what is told

    @Override
    public void executionStarted(TestIdentifier test) {
        if (test.isTest()) {
            String name = name(test.getSource(), test.getLegacyReportingName());
            say("\"do\": \"begin\", \"test\": " + quoted(name) + ", \"where\": " + quoted(name) + ", \"file\": " + quoted(file(test)));
        }
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        if (test.isTest()) {
            executionStarted(test);
            end(test, "skipped", null);
        }
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        if (test.isTest()) {
            String outcome = switch (result.getStatus()) {
                case SUCCESSFUL -> "passed";
                case ABORTED -> "skipped";
                case FAILED -> "failed";
            };
            end(test, outcome, result.getThrowable().orElse(null));
        }
    }

    private static void end(TestIdentifier test, String outcome, Throwable error) {
        StringWriter text = new StringWriter();
        List<String> chain = new ArrayList<>();
        if (error != null) {
            error.printStackTrace(new PrintWriter(text, true));
        }
        for (Throwable one = error; one != null && chain.size() < MAX_TYPES; one = one.getCause()) {
            List<String> types = new ArrayList<>();
            for (Class<?> type = one.getClass(); type != Object.class; type = type.getSuperclass()) {
                types.add(quoted(type.getName()));
            }
            chain.add(types.toString());
        }
        String said = text.toString();
        say("\"do\": \"end\", \"test\": " + quoted(name(test.getSource(), test.getLegacyReportingName())) + ", \"outcome\": "
                + quoted(outcome) + ", \"errors\": " + chain + ", \"text\": "
                + quoted(said.substring(0, Math.min(MAX_TEXT, said.length()))));
    }

    /** Returns the file that a test is written in, as seen from here, where it lies as Maven and Gradle have it. */
    private static String file(TestIdentifier test) {
        String path = test.getSource().filter(MethodSource.class::isInstance)
                .map(one -> "src/test/java/" + ((MethodSource) one).getClassName().replaceAll("\\$.*", "").replace('.', '/') + ".java")
                .orElse("");
        return Files.exists(Path.of(path)) ? path : "";
    }

    // -- the connection: lines of JSON, each of which is answered

    private static synchronized void say(String members) {
        String path = System.getenv("VAURIEN_EXPLORE");
        if (path == null || path.isEmpty()) {
            return;
        }
        try {
            if (channel == null) {
                channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                channel.connect(UnixDomainSocketAddress.of(path));
                answers = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
            }
            ByteBuffer line = StandardCharsets.UTF_8.encode("{" + members + "}\n");
            while (line.hasRemaining()) {
                channel.write(line);
            }
            answers.readLine();     // it has been taken in
        } catch (IOException error) {
            throw new IllegalStateException("vaurien explore cannot be told of tests", error);
        }
    }

    private static String quoted(String text) {
        StringBuilder found = new StringBuilder("\"");
        for (char one : text.toCharArray()) {
            found.append(one < ' ' || one > '~' || one == '"' || one == '\\' ? String.format("\\u%04x", (int) one) : one);
        }
        return found.append('"').toString();
    }

    private static String read(String escaped) {
        Matcher escapes = Pattern.compile("\\\\(u([0-9a-fA-F]{4})|.)").matcher(escaped);
        return escapes.replaceAll(one -> Matcher.quoteReplacement(one.group(2) == null ? switch (one.group(1)) {
            case "n" -> "\n";
            case "t" -> "\t";
            case "r" -> "\r";
            case "b" -> "\b";
            case "f" -> "\f";
            default -> one.group(1);
        } : String.valueOf((char) Integer.parseInt(one.group(2), 16))));
    }
}
