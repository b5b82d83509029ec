// Takes keys through their lives with IBM's client for JavaScript. The test in
// ibmnpm_test.go runs it against the simulator; what it is to work with comes in
// the environment. It ends with an error where the client does not see what IBM
// documents.
const assert = require('node:assert/strict');
const { IamAuthenticator } = require('@ibm-cloud/platform-services/auth');
const IamIdentityV1 = require('@ibm-cloud/platform-services/iam-identity/v1');

const { SIM_URL: url, SIM_KEY: apikey, SIM_KEY_ID: keyID, SIM_ACCOUNT: accountId, SIM_OWNER: iamId } = process.env;
const client = new IamIdentityV1({ serviceUrl: url, authenticator: new IamAuthenticator({ apikey, url }) });

// refused is the status of a call that must fail.
async function refused(call) {
  try {
    await call;
  } catch (e) {
    return e.status;
  }
  return assert.fail('the call did not fail');
}

async function list(parameters) {
  const ids = [];
  for (let pagetoken; ; ) {
    const { result } = await client.listApiKeys({ accountId, iamId, pagetoken, ...parameters });
    ids.push(...result.apikeys.map((k) => k.id));
    if (!result.next) {
      return ids;
    }
    pagetoken = new URL(result.next).searchParams.get('pagetoken');
  }
}

async function main() {
  const before = await list({ pagesize: 2 });
  assert.equal(before.length, 5);
  assert.equal(new Set(before).size, 5);
  assert.equal((await list({ scope: 'account', type: 'serviceid', iamId: undefined })).length, 1);

  assert.equal((await client.getApiKeysDetails({ iamApiKey: apikey })).result.id, keyID);
  assert.equal(await refused(client.getApiKeysDetails({ iamApiKey: 'made up'.repeat(8) })), 404);

  const created = await client.createApiKey({ name: 'from npm', iamId, accountId, description: 'of the laboratory', actionWhenLeaked: 'none' });
  assert.equal(created.status, 201);
  assert.equal(created.result.apikey.length, 44);
  const { id } = created.result;
  const get = async () => (await client.getApiKey({ id, includeActivity: true, includeHistory: true })).result;
  assert.equal((await get()).apikey, '');
  assert.equal((await get()).activity.authn_count, 0);

  assert.equal((await client.disableApiKey({ id })).status, 204);
  assert.equal((await get()).disabled, true);
  assert.equal((await client.enableApiKey({ id })).status, 204);
  assert.equal((await get()).disabled, false);
  assert.equal((await client.lockApiKey({ id })).status, 204);
  assert.equal((await get()).locked, true);
  assert.equal(await refused(client.deleteApiKey({ id })), 409);
  assert.equal((await client.unlockApiKey({ id })).status, 204);
  const { entity_tag: ifMatch } = await get();
  assert.equal((await client.updateApiKey({ id, ifMatch, name: 'renamed' })).result.name, 'renamed');
  assert.equal(await refused(client.updateApiKey({ id, ifMatch, name: 'too late' })), 409);
  assert.deepEqual((await get()).history.map((h) => h.action), ['created', 'disabled', 'enabled', 'locked', 'unlocked', 'updated']);
  assert.equal((await client.deleteApiKey({ id })).status, 204);
  assert.equal(await refused(client.getApiKey({ id })), 404);
  assert.deepEqual(await list({}), before);
}

main().catch((e) => {
  // Not the whole error: it holds the headers of the request.
  console.error(e.stack);
  process.exit(1);
});
