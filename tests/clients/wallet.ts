// Keys and documents of invented companies, and signatures with ethers.

import { readFileSync } from 'node:fs';
import { setTimeout as rest } from 'node:timers/promises';
import { type TypedDataField, Wallet } from 'ethers';

const [keys, documents] = process.argv.slice(3);
export const url = process.argv[2];
export const evidence = process.argv[5];

export function paper(name: string): string {
  return readFileSync(`${documents}/${name}.xml`, 'utf8');
}

export function walletOf(name: string): Wallet {
  const lines = readFileSync(`${keys}/${name}.key`, 'utf8').split('\n');
  const secret = lines.find((line) => line && !line.startsWith('#'));
  if (secret === undefined) throw new Error(`${name}.key holds no key`);
  return new Wallet(`0x${secret.trim()}`);
}

/** EIP-712 typed data, as an act or an offer has it. */
export type TypedData = { [name: string]: unknown };

/** The signature, if the data is of the type that was asked for. */
export function sign(wallet: Wallet, data: TypedData, primaryType: string): Promise<string> {
  if (data.primaryType !== primaryType) throw new Error(`asked for ${primaryType}, not ${data.primaryType}`);
  const { EIP712Domain: _, ...types } = data.types as Record<string, TypedDataField[]>; // ethers makes it itself
  return wallet.signTypedData(data.domain as object, types, data.message as Record<string, unknown>);
}

/** Ask until it is good, a minute at most. */
export async function until<T>(look: () => Promise<T>, good: (found: T) => boolean): Promise<T> {
  for (const end = Date.now() + 60_000; Date.now() < end; await rest(100)) {
    const found = await look();
    if (good(found)) return found;
  }
  throw new Error('waited a minute for nothing');
}
