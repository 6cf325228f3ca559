// GET /: counts the visit, and says how many there were.
const http = require('node:http');
const Redis = require('ioredis');

const redis = new Redis(process.env.REDIS_URL);

const server = http.createServer(async (request, response) => {
  try {
    response.end(String(await redis.incr('visits')));
  } catch (error) {
    response.writeHead(500).end(error.message);
  }
});

module.exports = {redis, server};
