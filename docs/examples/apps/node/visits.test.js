// The tests of the application. They know nothing of faults.
const {test, before, after} = require('node:test');
const assert = require('node:assert');
const {redis, server} = require('./visits.js');

before(async () => {
  await redis.del('visits');
  await new Promise(done => server.listen(0, '127.0.0.1', done));
});

after(async () => {
  server.close();
  await redis.quit();
});

test('each visit is counted', async () => {
  for (const count of ['1', '2', '3']) {
    const response = await fetch(`http://127.0.0.1:${server.address().port}/`);
    assert.strictEqual(await response.text(), count);
  }
});
