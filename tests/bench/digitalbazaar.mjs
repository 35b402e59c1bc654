// Digital Bazaar's `vc` as a subject: the same questions and answers as worker.py's, a JSON line each.
//
// Argument: a file with the contexts, as {url: document}. Suites, signers and the loader are made once, as a server would.
import {createInterface} from 'node:readline';
import {createRequire} from 'node:module';
import {readFileSync} from 'node:fs';
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite as ecdsaRdfc2019} from '@digitalbazaar/ecdsa-rdfc-2019-cryptosuite';
import {cryptosuite as eddsaRdfc2022} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import * as vc from '@digitalbazaar/vc';

const require = createRequire(import.meta.url);
const contexts = new Map(Object.entries(JSON.parse(readFileSync(process.argv[2]))));
const multikeyContext = 'https://w3id.org/security/multikey/v1';
const ISSUER = 'did:example:issuer';

async function documentLoader(url) {
  const context = contexts.get(url);
  if(context) {
    return {contextUrl: null, documentUrl: url, document: context};
  }
  const [did, fragment] = url.split('#');
  if(!did.startsWith('did:key:')) {
    throw new Error(`Not to be had: ${url}`);
  }
  const publicKeyMultibase = did.slice('did:key:'.length);
  const method = {id: `${did}#${publicKeyMultibase}`, type: 'Multikey', controller: did, publicKeyMultibase};
  const document = fragment ? {'@context': multikeyContext, ...method} : {
    '@context': ['https://www.w3.org/ns/did/v1', multikeyContext],
    id: did, verificationMethod: [method], assertionMethod: [method.id]
  };
  return {contextUrl: null, documentUrl: url, document};
}

const forms = {
  'eddsa-rdfc-2022': {cryptosuite: eddsaRdfc2022, generate: () => Ed25519Multikey.generate()},
  'ecdsa-rdfc-2019': {cryptosuite: ecdsaRdfc2019, generate: () => EcdsaMultikey.generate({curve: 'P-256'})}
};
const ISSUERS = 8;
const subjects = new Map();

// One of the issuers in one form: its key and suites, made when it is first asked for.
async function subjectOf(form, number) {
  const name = `${form} ${number % ISSUERS}`;
  if(!subjects.has(name)) {
    const {cryptosuite, generate} = forms[form];
    const key = await generate();
    const did = `did:key:${key.publicKeyMultibase}`;
    Object.assign(key, {id: `${did}#${key.publicKeyMultibase}`, controller: did});
    const signing = new DataIntegrityProof({signer: key.signer(), cryptosuite});
    const checking = new DataIntegrityProof({cryptosuite});
    subjects.set(name, {did, signing, checking});
  }
  return subjects.get(name);
}

async function calls(form, number, document) {
  const {did, signing, checking} = await subjectOf(form, number);
  const text = JSON.stringify(document).replaceAll(ISSUER, did);
  // It refuses a credential with a status unless it is told how to check that; no list is looked at here.
  const checkStatus = async () => ({verified: true});
  const issue = async () => JSON.stringify(await vc.issue({credential: JSON.parse(text), suite: signing, documentLoader}));
  const verify = async secured => {
    const credential = JSON.parse(secured);
    return (await vc.verifyCredential({credential, suite: checking, documentLoader, checkStatus})).verified;
  };
  return {issue, verify};
}

async function prepare({form, documents: [[number, document]]}) {
  if(!forms[form]) {
    return {unsupported: 'signs no JWT'};
  }
  const {issue, verify} = await calls(form, number, document);
  const secured = await issue();
  if(!await verify(secured) || await verify(secured.replaceAll('Bind a book', 'Find a book'))) {
    throw new Error(`${form}: it refuses what it issued, or accepts what was changed`);
  }
  return {bytes: secured.length};
}

async function measure({form, task, documents}) {
  const ready = [];
  for(const [number, document] of documents) {
    const {issue, verify} = await calls(form, number, document);
    const secured = task === 'verify' && await issue();
    ready.push(task === 'issue' ? issue : () => verify(secured));
  }
  const times = [];
  for(const call of ready) {
    const before = process.cpuUsage();
    const held = await call();
    const {user, system} = process.cpuUsage(before);
    times.push(user + system);
    if(!held) {
      throw new Error(`${form}: it refuses what it issued`);
    }
  }
  return {times_us: times};
}

async function answer(line) {
  const question = JSON.parse(line);
  try {
    return await (question.prepare ? prepare(question.prepare) : measure(question.measure));
  } catch(error) {
    return {error: String(error.message).slice(0, 500)};
  }
}

const say = value => process.stdout.write(`${JSON.stringify(value)}\n`);
say({version: require('./package.json').dependencies['@digitalbazaar/vc'] + ' on Node ' + process.versions.node});
for await (const line of createInterface({input: process.stdin})) {
  say(await answer(line));
}
