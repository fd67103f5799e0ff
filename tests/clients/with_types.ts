// The trade with openapi-fetch on the types that openapi-typescript makes: every path, body and answer is checked by tsc.

import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { Wallet } from 'ethers';
import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './types.js';
import { evidence, paper, sign, until, url, walletOf } from './wallet.js';

type Act = components['schemas']['ActOut'];

/** The answer, or the problem as an error. */
async function good<T>(sent: Promise<{ data?: T; error?: components['schemas']['Problem'] }>): Promise<T> {
  const { data, error } = await sent;
  if (data === undefined) throw new Error(`${error?.code}: ${error?.detail}`);
  return data;
}

const once = (): { header: { 'Idempotency-Key': string } } => ({ header: { 'Idempotency-Key': randomUUID() } });

class Party {
  readonly api: Client<paths> = createClient<paths>({ baseUrl: url });

  constructor(readonly wallet: Wallet) {}

  static async signedIn(name: string): Promise<Party> {
    const party = new Party(walletOf(name));
    const { wallet, api } = party;
    const { message } = await good(api.POST('/v1/auth/nonce', { body: { address: wallet.address } }));
    if (!message) throw new Error('no message to sign');
    const body = { message, signature: await wallet.signMessage(message) };
    const { access_token } = await good(api.POST('/v1/auth/wallet', { body }));
    api.use({
      onRequest({ request }) {
        request.headers.set('Authorization', `Bearer ${access_token}`);
      },
    });
    return party;
  }

  async finish(act: Act, primaryType: string): Promise<void> {
    const path = { act_id: act.id };
    const body = { signature: await sign(this.wallet, act.typed_data, primaryType) };
    await good(this.api.POST('/v1/acts/{act_id}/signature', { params: { path, ...once() }, body }));
    const look = (): Promise<Act> => good(this.api.GET('/v1/acts/{act_id}', { params: { path } }));
    const ended = await until(look, ({ status }) => ['final', 'refused', 'expired'].includes(status));
    if (ended.status !== 'final') throw new Error(`${primaryType} is ${ended.status}: ${ended.error?.code}`);
  }

  async signNext(primaryType: string): Promise<void> {
    const query = { status: 'awaiting_signature' } as const;
    const isIt = (act: Act): boolean => act.typed_data.primaryType === primaryType;
    const look = (): Promise<{ items: Act[] }> => good(this.api.GET('/v1/acts', { params: { query } }));
    const { items } = await until(look, (found) => found.items.some(isIt));
    await this.finish(items.filter(isIt)[0]!, primaryType);
  }
}

const [core, supplier, lender, auditor] = (await Promise.all(
  ['core', 'supplier', 'lender', 'auditor'].map(Party.signedIn),
)) as [Party, Party, Party, Party];

const posted = await good(core.api.POST('/v1/orders', { params: once(), body: { document: paper('order') } }));
await core.finish(posted.act, 'Post');
const order = { params: { path: { order_id: posted.order.id }, ...once() } };
const again = (): typeof order => ({ params: { path: order.params.path, ...once() } });
const response = { ...again(), body: { document: paper('response') } };
await supplier.finish(await good(supplier.api.POST('/v1/orders/{order_id}/acknowledgement', response)), 'Acknowledge');
const despatch = { ...again(), body: { document: paper('despatch') } };
await supplier.finish(await good(supplier.api.POST('/v1/orders/{order_id}/despatches', despatch)), 'Despatch');
const receipt = { ...again(), body: { document: paper('receipt') } };
await core.finish(await good(core.api.POST('/v1/orders/{order_id}/receipts', receipt)), 'ReceiveGoods');

const bill = { order_id: posted.order.id, document: paper('invoice'), accept_matched: false };
const billed = await good(supplier.api.POST('/v1/receivables', { params: once(), body: bill }));
await supplier.finish(billed.act, 'Issue');
const claim = { receivable_id: billed.receivable.id };
const owed = await good(core.api.GET('/v1/receivables/{receivable_id}', { params: { path: claim } }));
if (!owed.document_root) throw new Error('a debtor sees the root');
const undertaking = {
  document_root: owed.document_root,
  face: { amount: owed.face, currency: owed.currency },
  due_date: owed.due_date,
};
const confirming = core.api.POST('/v1/receivables/{receivable_id}/confirmation', {
  params: { path: claim, ...once() },
  body: undertaking,
});
await core.finish(await good(confirming), 'Confirm');

const everybody = await good(lender.api.GET('/v1/participants', { params: { query: { limit: 200 } } }));
const lenderId = everybody.items.find(({ address }) => address === lender.wallet.address)!.id;
const application = await good(
  supplier.api.POST('/v1/applications', {
    params: once(),
    body: {
      product: 'receivable_pledge',
      asset_id: owed.id,
      lender_id: lenderId,
      amount: { amount: '500000.00', currency: 'CNY' },
      days: 60,
    },
  }),
);
const asked = { application_id: application.id };
const look = (): Promise<components['schemas']['ApplicationDetail']> =>
  good(supplier.api.GET('/v1/applications/{application_id}', { params: { path: asked } }));
const { offer } = await until(look, ({ status }) => status === 'offered');
if (!offer?.act) throw new Error('an offer has an act to sign');
const signature = await sign(supplier.wallet, offer.act.typed_data, 'Grant');
const accepting = { params: { path: asked, ...once() }, body: { signature } };
await good(supplier.api.POST('/v1/applications/{application_id}/accept', accepting));
await lender.signNext('Pledge');
const { loan_id: loanId } = await until(look, ({ status }) => status === 'funded');
if (!loanId) throw new Error('what is funded is a loan');

const loan = { loan_id: loanId };
const due = await good(supplier.api.POST('/v1/loans/{loan_id}/repayments', { params: { path: loan, ...once() }, body: {} }));
const payment = { account: due.account, reference: due.reference, amount: due.amount };
await good(supplier.api.POST('/v1/sandbox/payments', { params: once(), body: payment }));
const standing = (): Promise<components['schemas']['LoanDetail']> =>
  good(supplier.api.GET('/v1/loans/{loan_id}', { params: { path: loan } }));
await until(standing, ({ status }) => status === 'repaid');
await lender.signNext('Release');
await until(standing, ({ pledges }) => pledges.every(({ status }) => status === 'released'));

const bundle = auditor.api.GET('/v1/audit/loans/{loan_id}/bundle', { params: { path: loan }, parseAs: 'text' });
writeFileSync(evidence!, (await bundle).data as string);
console.log(`${loanId} repaid`);
