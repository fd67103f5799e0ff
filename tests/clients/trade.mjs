// A whole trade with ethers and fetch, and nothing of ours: from an order to a repaid loan and its evidence.
// node trade.mjs URL KEYS DOCUMENTS EVIDENCE; KEYS and DOCUMENTS are folders of invented companies, EVIDENCE a file.

import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as rest } from 'node:timers/promises';
import { Wallet } from 'ethers';

const [url, keys, documents, evidence] = process.argv.slice(2);
const paper = (name) => readFileSync(`${documents}/${name}.xml`, 'utf8');

// What a party is to sign, and what of it follows from what it asked for: anything else isn't signed.
function sign(wallet, act, primaryType, asked) {
  const { domain, types, message } = act.typed_data;
  if (act.typed_data.primaryType !== primaryType) throw new Error(`asked for ${primaryType}: ${act.typed_data.primaryType}`);
  for (const [name, value] of Object.entries(asked)) {
    if (String(message[name]) !== String(value)) throw new Error(`${primaryType}.${name} is ${message[name]}, not ${value}`);
  }
  const { EIP712Domain: _, ...own } = types; // ethers makes the domain's type itself
  return wallet.signTypedData(domain, own, message);
}

class Party {
  constructor(name) {
    const lines = readFileSync(`${keys}/${name}.key`, 'utf8').split('\n');
    this.wallet = new Wallet(`0x${lines.find((line) => line && !line.startsWith('#')).trim()}`);
  }

  async call(method, path, body) {
    const headers = { 'Content-Type': 'application/json' };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    if (method === 'POST') headers['Idempotency-Key'] = randomUUID();
    const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
    const said = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${said.code}: ${said.detail}`);
    return said;
  }

  get(path) {
    return this.call('GET', path);
  }

  post(path, body) {
    return this.call('POST', path, body);
  }

  async until(path, good) {
    for (const end = Date.now() + 60_000; Date.now() < end; await rest(100)) {
      const found = await this.get(path);
      if (good(found)) return found;
    }
    throw new Error(`${path}: waited a minute for nothing`);
  }

  // EIP-4361: the service's one-time message, signed
  async signIn() {
    const { message } = await this.post('/v1/auth/nonce', { address: this.wallet.address });
    if (!message.includes(`\n${this.wallet.address}\n`)) throw new Error('a message for somebody else');
    const signature = await this.wallet.signMessage(message);
    this.token = (await this.post('/v1/auth/wallet', { message, signature })).access_token;
    return this;
  }

  // Sign an act and wait until it is in a final block.
  async finish(act, primaryType, asked = {}) {
    await this.post(`/v1/acts/${act.id}/signature`, { signature: await sign(this.wallet, act, primaryType, asked) });
    const ended = await this.until(`/v1/acts/${act.id}`, ({ status }) => ['final', 'refused', 'expired'].includes(status));
    if (ended.status !== 'final') throw new Error(`${primaryType} is ${ended.status}: ${JSON.stringify(ended.error)}`);
  }

  // What comes of others' business: a lender's pledge, a release.
  async signNext(primaryType, loan) {
    const waiting = '/v1/acts?status=awaiting_signature';
    const isIt = (act) => act.typed_data.primaryType === primaryType;
    const found = await this.until(waiting, ({ items }) => items.some(isIt));
    await this.finish(found.items.find(isIt), primaryType, loan);
  }
}

const [core, supplier, lender, auditor] = await Promise.all(
  ['core', 'supplier', 'lender', 'auditor'].map((name) => new Party(name).signIn()),
);

// the trade
const posted = await core.post('/v1/orders', { document: paper('order') });
const orderId = posted.order.id;
await core.finish(posted.act, 'Post', { orderId });
const order = `/v1/orders/${orderId}`;
await supplier.finish(await supplier.post(`${order}/acknowledgement`, { document: paper('response') }), 'Acknowledge', { orderId });
await supplier.finish(await supplier.post(`${order}/despatches`, { document: paper('despatch') }), 'Despatch', { orderId });
await core.finish(await core.post(`${order}/receipts`, { document: paper('receipt') }), 'ReceiveGoods', { orderId });

// what is owed, confirmed by who owes it (确权)
const billed = await supplier.post('/v1/receivables', { order_id: orderId, document: paper('invoice') });
await supplier.finish(billed.act, 'Issue', { orderId, id: billed.receivable.id });
const claim = `/v1/receivables/${billed.receivable.id}`;
const owed = await core.get(claim);
const undertaking = {
  document_root: owed.document_root,
  face: { amount: owed.face, currency: owed.currency },
  due_date: owed.due_date,
};
const confirming = await core.post(`${claim}/confirmation`, undertaking);
await core.finish(confirming, 'Confirm', { id: owed.id, documentRoot: owed.document_root, face: owed.face.replace('.', '') });

// the loan
const application = await supplier.post('/v1/applications', {
  product: 'receivable_pledge',
  asset_id: owed.id,
  lender_id: await lenderId(),
  amount: { amount: '500000.00', currency: 'CNY' },
  days: 60,
});
const asked = `/v1/applications/${application.id}`;
const { offer } = await supplier.until(asked, ({ status }) => status === 'offered');
const signature = await sign(supplier.wallet, offer.act, 'Grant', { assetId: owed.id });
await supplier.post(`${asked}/accept`, { signature });
await lender.signNext('Pledge', { assetId: owed.id });
const { loan_id: loanId } = await supplier.until(asked, ({ status }) => status === 'funded');

// its repayment, through the sandbox's bank
const loan = `/v1/loans/${loanId}`;
const due = await supplier.post(`${loan}/repayments`, {});
await supplier.post('/v1/sandbox/payments', { account: due.account, reference: due.reference, amount: due.amount });
const { pledges } = await supplier.until(loan, ({ status }) => status === 'repaid');
await lender.signNext('Release', { pledgeId: pledges[0].id });
await supplier.until(loan, (now) => now.pledges.every((pledge) => pledge.status === 'released'));

// its evidence
const bundle = await fetch(`${url}/v1/audit/loans/${loanId}/bundle`, { headers: { Authorization: `Bearer ${auditor.token}` } });
writeFileSync(evidence, Buffer.from(await bundle.arrayBuffer()));
console.log(`${loanId} repaid`);

async function lenderId() {
  const { items } = await lender.get('/v1/participants?limit=200');
  return items.find(({ address }) => address === lender.wallet.address).id;
}
