// Opens the addresses of environment variables, each with the package that it is for, and says of each how that went.
const openers = {
  'node pg': async text => {
    const {Client} = require('pg');
    const client = new Client({connectionString: text});
    await client.connect();
    await client.query('SELECT 1');
    await client.end();
  },
  'mysql2': async text => {
    const client = await require('mysql2/promise').createConnection(text);
    await client.query('SELECT 1');
    await client.end();
  },
  'ioredis': async text => {
    const Redis = require('ioredis');
    const client = new Redis(text, {lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: null});
    client.on('error', () => {});
    await client.connect();
    await client.ping();
    client.disconnect();
  },
};

(async () => {
  for (const argument of process.argv.slice(2)) {
    const [name, library] = argument.split('=');
    const said = await openers[library](process.env[name]).then(() => 'ok', error => String(error.stack || error).split('\n')[0]);
    console.log(`${name} ${said}`);
  }
})();
