// The Digital Credentials Consortium's `verifier-core`, and the libraries that its issuers sign with, over standard input and
// output.
//
// In:  {"documents": {url: document}, "requests": [{"op": "issue" | "verify", ...}]}
// Out: {"results": [{...}]}, one for each request, in order.
//
// verify: {credential, challenge?}    -> {verified, error}: every step of its log has to be passed
// issue:  {credential, suite, seed}   -> {credential}: by a did:key made from the seed; suites "eddsa-rdfc-2022", "Ed25519Signature2020"
//
// Nothing leaves this process: whatever is fetched is answered from `documents`, or a request's own. Every issuer of the requests stands in the one
// registry that is asked.
import * as Ed25519Multikey from '@digitalcredentials/ed25519-multikey';
import * as vc from '@digitalcredentials/vc';
import {verifyCredential, verifyPresentation} from '@digitalcredentials/verifier-core';
import {DataIntegrityProof} from '@digitalcredentials/data-integrity';
import {Ed25519Signature2020} from '@digitalcredentials/ed25519-signature-2020';
import {Ed25519VerificationKey2020} from '@digitalcredentials/ed25519-verification-key-2020';
import {cryptosuite as eddsaRdfc2022} from '@digitalcredentials/eddsa-rdfc-2022-cryptosuite';
import {securityLoader} from '@digitalcredentials/security-document-loader';

const registryUrl = 'https://registry.example/registry.json';
const documentLoader = securityLoader().build();
let pages = {};

console.log = console.error;  // standard output is for the answers
globalThis.fetch = async request => {
  const url = String(request.url || request);
  const page = pages[url.split('#')[0]];
  const body = page === undefined ? '{}' : JSON.stringify(page);
  return new Response(body, {status: page === undefined ? 404 : 200, headers: {'content-type': 'application/json'}});
};

function issuersOf(value) {
  if(Array.isArray(value)) {
    return value.flatMap(issuersOf);
  }
  if(value === null || typeof value !== 'object') {
    return [];
  }
  const own = value.issuer ? [value.issuer.id || value.issuer] : [];
  return own.concat(Object.values(value).flatMap(issuersOf));
}

function settled({log = [], errors, error}) {
  const problems = [...(errors || []), ...(error ? [error] : [])].map(({name, message}) => `${name}: ${message}`);
  const failed = log.filter(({valid}) => valid !== true).map(({id, error: why}) => `${id}: ${why ? why.message : 'not valid'}`);
  const verified = problems.length === 0 && failed.length === 0 && log.some(({id}) => id === 'valid_signature');
  return {verified, error: [...problems, ...failed].join(' | ') || (verified ? null : 'nothing was checked')};
}

async function verify({credential, challenge}) {
  const registry = Object.fromEntries(issuersOf(credential).map(did => [did, {name: 'A school', location: 'By the sea', url: did}]));
  pages = {...pages, [registryUrl]: {meta: {created: '2026-01-01', updated: '2026-01-01'}, registry}};
  const knownDIDRegistries = [{name: 'Everybody', type: 'dcc-legacy', url: registryUrl}];
  if(challenge === undefined) {
    return settled(await verifyCredential({credential, knownDIDRegistries}));
  }
  const {presentationResult, credentialResults = [], errors} =
    await verifyPresentation({presentation: credential, challenge, knownDIDRegistries});
  if(!presentationResult || presentationResult.signature !== 'valid') {
    const reasons = errors || presentationResult.errors || [{name: 'signature', message: presentationResult.signature}];
    const causes = reasons.flatMap(({message}) => [message, ...(message.errors || [])]);
    return {verified: false, error: causes.map(cause => cause.message || cause).join(' | ')};
  }
  const inner = credentialResults.map(settled);
  return inner.find(({verified}) => !verified) || {verified: inner.length > 0, error: null};
}

async function issue({credential, suite, seed}) {
  const bytes = new Uint8Array(Buffer.from(seed, 'hex'));
  const key = suite === 'Ed25519Signature2020' ?
    await Ed25519VerificationKey2020.generate({seed: bytes}) : await Ed25519Multikey.generate({seed: bytes});
  const multibase = suite === 'Ed25519Signature2020' ? key.fingerprint() : key.publicKeyMultibase;
  const did = `did:key:${multibase}`;
  key.id = `${did}#${multibase}`;
  key.controller = did;
  const proof = suite === 'Ed25519Signature2020' ? new Ed25519Signature2020({key}) :
    new DataIntegrityProof({signer: key.signer(), cryptosuite: eddsaRdfc2022});
  const issuer = {...credential.issuer, id: did};
  return {credential: await vc.issue({credential: {...credential, issuer}, suite: proof, documentLoader})};
}

async function answer(request) {
  try {
    return await {issue, verify}[request.op](request);
  } catch(error) {
    return {verified: false, error: error.message};
  }
}

let input = '';
for await (const chunk of process.stdin) {
  input += chunk;
}
const {documents, requests} = JSON.parse(input);
const results = [];
for(const request of requests) {
  pages = {...documents, ...request.documents};
  results.push(await answer(request));
}
process.stdout.write(JSON.stringify({results}));
