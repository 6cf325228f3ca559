// The HTTP API of the process that has served this page. The token is kept for this tab, and never stands in an address.

const KEY = 'vaurien-token';

export class Refused extends Error {
  constructor(status, problem) {
    super(problem.error || `status ${status}`);
    this.status = status;
  }
}

export class Gone extends Error {}

export function token() {
  return sessionStorage.getItem(KEY) || '';
}

export function keepToken(text) {
  if (text) sessionStorage.setItem(KEY, text);
  else sessionStorage.removeItem(KEY);
}

function headers(body) {
  const made = {Accept: 'application/json'};
  if (token()) made.Authorization = `Bearer ${token()}`;
  if (body !== undefined) made['Content-Type'] = 'application/json';
  return made;
}

async function send(method, path, body, signal) {
  try {
    return await fetch(path, {method, headers: headers(body), body: body === undefined ? undefined : JSON.stringify(body), signal,
                              cache: 'no-store', redirect: 'error'});
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Gone('vaurien does not answer');
  }
}

async function refusal(response) {
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    // no problem of ours: what the status says is all
  }
  return new Refused(response.status, problem);
}

// Asks for something; returns what came, null where nothing does.
export async function ask(method, path, body) {
  const response = await send(method, path, body);
  if (!response.ok) throw await refusal(response);
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

export const get = path => ask('GET', path);

// Follows server-sent events, until the server ends them or the signal does; calls told(name, data) with each.
export async function follow(method, path, told, signal, body) {
  const response = await send(method, path, body, signal);
  if (!response.ok) throw await refusal(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = '';
  for (;;) {
    let piece;
    try {
      piece = await reader.read();
    } catch (error) {
      if (signal && signal.aborted) return;
      throw new Gone('vaurien has gone');
    }
    if (piece.done) return;
    const parts = (held + piece.value).split('\n\n');
    held = parts.pop();
    for (const part of parts) {
      let name = 'message', data = '';
      for (const line of part.split('\n')) {
        if (line.startsWith('event: ')) name = line.slice(7);
        else if (line.startsWith('data: ')) data += line.slice(6);
      }
      if (data) told(name, JSON.parse(data));
    }
  }
}

// The path of a proxy, and of what belongs to it.
export function at(...parts) {
  return ['/v1', ...parts.map(encodeURIComponent)].join('/');
}
