// The trade with the client that @hey-api/openapi-ts makes, installed as an npm package.

import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import * as api from 'chainfin-client';
import { createClient } from 'chainfin-client/client';
import type { Wallet } from 'ethers';
import { evidence, paper, sign, until, url, walletOf } from './wallet.js';

const throwOnError = true as const;
const once = (): { 'Idempotency-Key': string } => ({ 'Idempotency-Key': randomUUID() });

class Party {
  private token = '';
  readonly client = createClient({ baseUrl: url, auth: () => this.token });
  readonly by = { client: this.client, throwOnError };

  constructor(readonly wallet: Wallet) {}

  static async signedIn(name: string): Promise<Party> {
    const party = new Party(walletOf(name));
    const { wallet, by } = party;
    const { message } = (await api.authNonce({ ...by, body: { address: wallet.address } })).data;
    if (!message) throw new Error('no message to sign');
    const body = { message, signature: await wallet.signMessage(message) };
    party.token = (await api.authWallet({ ...by, body })).data.access_token;
    return party;
  }

  async finish(act: api.ActOut, primaryType: string): Promise<void> {
    const path = { act_id: act.id };
    const body = { signature: await sign(this.wallet, act.typed_data, primaryType) };
    await api.actsSign({ ...this.by, headers: once(), path, body });
    const look = async (): Promise<api.ActOut> => (await api.actsGetAct({ ...this.by, path })).data;
    const ended = await until(look, ({ status }) => ['final', 'refused', 'expired'].includes(status));
    if (ended.status !== 'final') throw new Error(`${primaryType} is ${ended.status}: ${ended.error?.code}`);
  }

  async signNext(primaryType: string): Promise<void> {
    const query = { status: 'awaiting_signature' } as const;
    const isIt = (act: api.ActOut): boolean => act.typed_data.primaryType === primaryType;
    const look = async (): Promise<api.ActOut[]> => (await api.actsListActs({ ...this.by, query })).data.items;
    const found = await until(look, (items) => items.some(isIt));
    await this.finish(found.filter(isIt)[0]!, primaryType);
  }
}

const [core, supplier, lender, auditor] = (await Promise.all(
  ['core', 'supplier', 'lender', 'auditor'].map(Party.signedIn),
)) as [Party, Party, Party, Party];

const document = (name: string): { document: string } => ({ document: paper(name) });
const posted = (await api.ordersPostOrder({ ...core.by, headers: once(), body: document('order') })).data;
await core.finish(posted.act, 'Post');
const order = (): { path: { order_id: string }; headers: { 'Idempotency-Key': string } } => ({
  path: { order_id: posted.order.id },
  headers: once(),
});
const acknowledged = await api.ordersAcknowledge({ ...supplier.by, ...order(), body: document('response') });
await supplier.finish(acknowledged.data, 'Acknowledge');
const despatched = await api.ordersDespatch({ ...supplier.by, ...order(), body: document('despatch') });
await supplier.finish(despatched.data, 'Despatch');
const received = await api.ordersReceive({ ...core.by, ...order(), body: document('receipt') });
await core.finish(received.data, 'ReceiveGoods');

const bill = { order_id: posted.order.id, ...document('invoice') };
const billed = (await api.receivablesIssue({ ...supplier.by, headers: once(), body: bill })).data;
await supplier.finish(billed.act, 'Issue');
const path = { receivable_id: billed.receivable.id };
const owed = (await api.receivablesGetReceivable({ ...core.by, path })).data;
if (!owed.document_root) throw new Error('a debtor sees the root');
const undertaking = {
  document_root: owed.document_root,
  face: { amount: owed.face, currency: owed.currency },
  due_date: owed.due_date,
};
const confirming = await api.receivablesConfirm({ ...core.by, path, headers: once(), body: undertaking });
await core.finish(confirming.data, 'Confirm');

const everybody = await api.participantsListParticipants({ ...lender.by, query: { limit: 200 } });
const lenderId = everybody.data.items.find(({ address }) => address === lender.wallet.address)!.id;
const application = await api.applicationsApply({
  ...supplier.by,
  headers: once(),
  body: {
    product: 'receivable_pledge',
    asset_id: owed.id,
    lender_id: lenderId,
    amount: { amount: '500000.00', currency: 'CNY' },
    days: 60,
  },
});
const asked = { ...supplier.by, path: { application_id: application.data.id } };
const look = async (): Promise<api.ApplicationDetail> => (await api.applicationsGetApplication(asked)).data;
const { offer } = await until(look, ({ status }) => status === 'offered');
if (!offer?.act) throw new Error('an offer has an act to sign');
const signature = await sign(supplier.wallet, offer.act.typed_data, 'Grant');
await api.applicationsAccept({ ...asked, headers: once(), body: { signature } });
await lender.signNext('Pledge');
const { loan_id: loanId } = await until(look, ({ status }) => status === 'funded');
if (!loanId) throw new Error('what is funded is a loan');

const loan = { ...supplier.by, path: { loan_id: loanId } };
const due = (await api.loansRepay({ ...loan, headers: once(), body: {} })).data;
const payment = { account: due.account, reference: due.reference, amount: due.amount };
await api.sandboxPay({ ...supplier.by, headers: once(), body: payment });
const standing = async (): Promise<api.LoanDetail> => (await api.loansGetLoan(loan)).data;
await until(standing, ({ status }) => status === 'repaid');
await lender.signNext('Release');
await until(standing, ({ pledges }) => pledges.every(({ status }) => status === 'released'));

const bundle = await api.auditBundle({ ...auditor.by, path: loan.path, parseAs: 'text' });
writeFileSync(evidence!, bundle.data as unknown as string);
console.log(`${loanId} repaid`);
