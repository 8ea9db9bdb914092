//! Throw-away RSA keys. The private keys are public, so their signatures prove nothing.
//!
//! The keys are constants. Therefore every build of a specimen gives the same bytes, and the estate file of
//! a test can name the keys by their fingerprints.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

use rsa::pkcs8::EncodePublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, Pkcs1v15Sign, PrivateKey};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::bytes::{base64, utf16};

/// The two cryptographic modes of a server (MS-RMPR 3.1.4.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// RSA of 1024 bits, SHA-1, `sealed-key`.
    One,
    /// RSA of 2048 bits, SHA-256, `sealed-key-v2`.
    Two,
}

/// A throw-away RSA key pair, stored as its two primes.
pub struct KeyPair {
    name: &'static str,
    bits: u32,
    p: &'static str,
    q: &'static str,
    key: OnceLock<PrivateKey>,
    /// Signatures by digest: signing is slow, and many licenses contain the same certificates.
    signatures: OnceLock<Mutex<HashMap<Vec<u8>, Vec<u8>>>>,
}

impl KeyPair {
    const fn new(name: &'static str, bits: u32, p: &'static str, q: &'static str) -> KeyPair {
        KeyPair { name, bits, p, q, key: OnceLock::new(), signatures: OnceLock::new() }
    }

    /// Returns the name of the key, which says what it is for.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the size of the modulus in bits.
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// Returns the modulus, big-endian.
    pub fn modulus(&self) -> Vec<u8> {
        self.private().n().to_be_bytes_trimmed_vartime().into_vec()
    }

    /// Returns the fingerprint: `sha256:` and the SHA-256 of the big-endian modulus in hexadecimal.
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::digest(self.modulus());
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256:{hex}")
    }

    /// Returns the public key as a PEM `SubjectPublicKeyInfo`, the export format of key stores.
    pub fn public_key_pem(&self) -> String {
        let der = self.public_key_der();
        let text = base64(&der);
        let lines: Vec<&str> =
            (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }

    /// Returns the public key as a DER `SubjectPublicKeyInfo`.
    pub fn public_key_der(&self) -> Vec<u8> {
        let public = self.private().to_public_key();
        public.to_public_key_der().expect("a public key of known size").into_vec()
    }

    /// Signs `text` in UTF-16LE with RSASSA-PKCS1-v1_5 (MS-RMPR 2.2.9.1.12).
    pub(crate) fn sign(&self, mode: Mode, text: &str) -> Signed {
        let surface = utf16(text);
        let (scheme, digest) = match mode {
            Mode::One => (Pkcs1v15Sign::new::<Sha1>(), Sha1::digest(&surface).to_vec()),
            Mode::Two => (Pkcs1v15Sign::new::<Sha256>(), Sha256::digest(&surface).to_vec()),
        };
        let cache = self.signatures.get_or_init(Mutex::default);
        let known = cache.lock().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned();
        let signature = known.unwrap_or_else(|| {
            let made = self.private().sign(scheme, &digest).expect("a key of known size");
            let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
            cache.insert(digest.clone(), made.clone());
            made
        });
        Signed { digest, signature }
    }

    fn private(&self) -> &PrivateKey {
        self.key.get_or_init(|| {
            let prime = |hex: &str| BoxedUint::from_str_radix_vartime(hex, 16).expect("hex digits");
            PrivateKey::from_p_q(prime(self.p), prime(self.q), BoxedUint::from(65537_u32))
                .expect("two primes")
        })
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for KeyPair {
    fn eq(&self, other: &KeyPair) -> bool {
        self.name == other.name
    }
}

impl Eq for KeyPair {}

/// A signature and the digest that it signs.
pub(crate) struct Signed {
    pub(crate) digest: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

/// All keys.
pub static ALL: &[&KeyPair] = &[
    &PRODUCTION_ROOT,
    &PRODUCTION_CA,
    &ENROLLMENT_CA_1,
    &ENROLLMENT_CA_2,
    &SELF_ENROLLMENT_1,
    &SELF_ENROLLMENT_2,
    &CONTOSO,
    &CONTOSO_LEGACY,
    &AZURE,
    &IMPORTED,
    &BRANCH,
    &FORGER,
    &CLIENT_1,
    &CLIENT_2,
    &ACCOUNT_1,
    &ACCOUNT_2,
    &LARGE,
];

/// The root of the test hierarchy.
pub static PRODUCTION_ROOT: KeyPair = KeyPair::new(
    "production-root",
    2048,
    "f47749ae974fae39d8c109299e4cb8f1712a0b69779a26f846cbb4a71a77d377bd4e6be139dacf35\
         061ba2e34468ce8274f060a3e15c1ee25b91f300528297d277f0600f05de39062571f9f4d7de1d63\
         f0796ba3c3dd98016f8bf34b9592e9f38fee8e4370254e429d7baca762a401c03dc6df3ec22ac8d6\
         8460cf0250e44fbd",
    "d808fe1f0582fac2eae35510707edc71d6d36ab76ad8f68fa0bf497fb4c121db5dee7b925e948d10\
         56f508ab90b9a6074d4b3453b90d6b8b4b8c698128b854466411aa0554171476ac2134caf75db551\
         e775b6cfb10c2ca11ee3993dbb20157b13463cae43d608a34ee89103dc81ecbef695fa82b3818158\
         a0b11cbe1fc31f53",
);

/// The certificate authority below the root.
pub static PRODUCTION_CA: KeyPair = KeyPair::new(
    "production-ca",
    2048,
    "fcf9ad3aff14bcfc2723733f02a56c3aacb0fd3b4aa63152c2920185b1089dfc38be0f34469c10d6\
         570c7fd0dffdddf428fada6c3edc116a797cd9628ab3e9a4dbf66d8192f358fe422291ed40696d03\
         ac1f4fb4519afc1fcb4c52e8e81114e28b6c4d046561699302068f5eddc8d9f66861428ac69077f5\
         837cda48b6040b93",
    "ddc3cdbc5c6b09f21f546db9c0d0935b023fa06a05ad2faac5c31998cb22678b4cf136356ac9dee8\
         71a45aa3cb55de9f5dcf26b9c1d7fe57090b25ebfbf5482769b4695255beec825ca565aab75b9987\
         b26dd680ddceb0eceea4d715dc0c9f10671874540c797a7f5eb0704e95cfeca25b4ed7ffe80b5543\
         0e5d32df9e08e801",
);

/// The Server Enrollment CA of mode 1.
pub static ENROLLMENT_CA_1: KeyPair = KeyPair::new(
    "enrollment-ca-1",
    1024,
    "edf98bae5316aacdddd1e1a2f3454bbb76d9e202c730b2129c9bb7dde4ed8baffdeba2f346b03784\
         85c6cd90c3ae799f69cbccab53fc2e4398098b60df721473",
    "e3c3bb091614ee9b3ad42315e92c11e8e4c4299fb625388288105bff1ae0f046cdb198693d615db1\
         bed7dfc073d86de7afab6f748c55fa9fd9f406ee8f921c7b",
);

/// The Server Enrollment CA of mode 2.
pub static ENROLLMENT_CA_2: KeyPair = KeyPair::new(
    "enrollment-ca-2",
    2048,
    "f4787b65c811cc8e5da9d024f513c4d3f4c47606428480a13a7f62ddec10db02c637cc7100001b91\
         db75743a4426d7c356d36fb7d5496fca57b75b1b9532a56c7a87f925ed0c3e52d04b0c886712abe1\
         c70e205ebbd31915ab974b26c93bb76aaaaf444c157c633682b52278c2d694df43bb2900f7112570\
         aea177dfcff865cf",
    "e68d48e14a6b69b076c09fd3cecb7b3abe34d80f7a081300ed71bc81de6fced8df1a8d0beb87206e\
         26af4bd5b883fad5782476aeebf701b0081bd0681002dff8a474203097f0a781a126e9abe925d9c9\
         5ddb197ba5f8c61f30583bf69a17c6c9846ee6e06db1e6998abde83e9486c03b350c64d949a39a09\
         7d55fe98142e4d81",
);

/// The Server Self Enrollment Service of mode 1.
pub static SELF_ENROLLMENT_1: KeyPair = KeyPair::new(
    "self-enrollment-1",
    1024,
    "eed579b4bd6a2320ca2a5fa5d226d0620720ed23506d8311896cef29c3acc811e7ca596bc83ef83a\
         250cf0436fa35614185663c8deaa1fdabc0ecde5f7f9a917",
    "edcc89968c1dbe6775cdfb4b7e1dfd7ae8585186076993c5deaa45d6b7e65863eaa1e59cd88e1074\
         b381260bde1310497773b172cdc8c3f76a823fc24d231f61",
);

/// The Server Self Enrollment Service of mode 2.
pub static SELF_ENROLLMENT_2: KeyPair = KeyPair::new(
    "self-enrollment-2",
    2048,
    "df2df03bfbd73483aae57aa315cdd8c7ae09d48ba0cfacea3dce350924ab1195cfd0c7c202261271\
         48b02c1ce31a9dab575cf639aa25c400069325265ea659717e4a8224038c3390db763d85d0ff5d9b\
         b9ad52209425ceaaa31e17c222354673cafa577c15f1a0f13ae9f3a6c03c4115e8e756b9a917be11\
         3658c912c9608f6d",
    "bb67e908bd742774c91ce4ca9073945a614b577c3be0087cb36ce74f0475db63ab3f57554438fbff\
         d56108fa3ab09b7d74d2d18b116d3ea09442e48797f613d196c5d09ea84a0849c882b699ec694646\
         828a7ebf0c89ad504a3ac1cba13094da24d6b03808da3026daed6c128577f0eb09a04dfc9e514d05\
         49b7a863e6152237",
);

/// An AD RMS cluster in mode 2.
pub static CONTOSO: KeyPair = KeyPair::new(
    "contoso",
    2048,
    "e57b1ddd3e424f2d99b79127dec98a49607222151707d5abece2fe3b14f49dff5c728c57915b7fec\
         93d4612cfba446cf4396ccf043e2d7032d6cd5ac3ca56b8160bc41b34c99ae35343105a66a6be223\
         f9ec28265f007e09546dc93f101815708e2f97a2af06d24ea4da7bfe5df88efcd7522269b9a9980c\
         25ef3dbcb4d0677d",
    "dc4f6908bc5a9c9234652f310e3e7c52be829dda6152fb354651bfd596ea12239529b12114dbb904\
         664bb662298654d130c1f248ed8827c5d2d1ede3eba6a4f045c19d7bd5b5cba3a4356996ccb84c5b\
         b17a522ce2ebe00872070ef55d6c643f3bf71bece63afe0c100ff3452d67774d977d8268ff855e4d\
         7a15ab7e66d71349",
);

/// An AD RMS cluster in mode 1.
pub static CONTOSO_LEGACY: KeyPair = KeyPair::new(
    "contoso-legacy",
    1024,
    "ec2f5b64f66581c92132a4419df1d59915d0f9179f9118c5e3c4ea05f8a60fec9bd4c8a666d4e074\
         90db33a6dcb824eb149b2c87dc66e026fbde3903957ebb99",
    "d4d1fe02beb7492ab0b20bf3cc4ee606ba56e5b66c303ee12c6f317c221bbd973fd8a48746216815\
         22be011af2177d0af16dc83df7a87e64db5fb1b1514fa699",
);

/// A tenant with a key that Azure created.
pub static AZURE: KeyPair = KeyPair::new(
    "azure",
    2048,
    "e57ab1fd862da619e52e83f3358b6964939baf63a03faf1ca59248e3394fc5c8d1c0cc0b4a76696d\
         8a13ed9956d85c4e02005bb5f2762630f108ee42286c967a0df095dfb3b8e87aeb6d35e5dee93bbc\
         f29d6f2ea604ebe5d50c22c29d38386c0aae7afdcf72b99237102bd8a4b43f2d23bd4aa3c2cec24f\
         2c4531131e430825",
    "e3bcdd8a1bf8b89fce086755095bf87bdfb9eed05fffa32cd5aed4f761385c9b72659f583853fcec\
         a1b9a645588918d3ad5c80a9282908292b5fa94766f463bb713b5a5bb0c61ff067e1d35f59e22922\
         838b0bf7c4098de7907342b22cb612e0cc4ee7edec960d644fe4b86715fbbe29122249f40d773572\
         d6308722c7ca1fe1",
);

/// A key that a tenant imported from an AD RMS cluster.
pub static IMPORTED: KeyPair = KeyPair::new(
    "imported",
    1024,
    "f0c59f87854392a052c61a0cd13c3fb2fc5796f48f4c91fbcd362c4ed1d1e6c9107035eca15fdbd7\
         039d4e420b5cf04790fa78946971a77fffc1b003b4aaf51d",
    "ef107a5e25ea906e9150bc3b2aae0b731a5537e01ccf0db1a111cb2d863512d14b15ffacb5e89e72\
         c5c78ca75dcca38aec14894517edf71f2f426d1c5798671f",
);

/// A licensing-only cluster, enrolled at another cluster.
pub static BRANCH: KeyPair = KeyPair::new(
    "branch",
    2048,
    "d4318eeb29cf8c766deec38b220c9ce13a3e8057e17aa9336b30a4856443d4314149f7c8313a75b9\
         916233dc983fed6cdecb1b542b2b19bead47a11fdfad58f453c78ff58ccac5ddc40169dd61cb6e9c\
         815edbad5f2cf57f99e66529e8bd468cdf26647970da9bd102442c8ee36d97353927c52e781603a1\
         8d5dc7260cd53615",
    "c95b7480d350652b41016ce43db3251267f34d9502d121b8c7df6e79f404ddf146cbb375b69c44e5\
         a376c3a376851877e192bbc05c5459b1553f15e6698451a9ef17ee4f07b3608f8065087a1f15bcbf\
         6402a770ae2a756daaa02f76fdb075dcb247594ab96a01c7f3155d04b59f16ffddba9aaa0fa15f4d\
         225d5d929739bddb",
);

/// A server that issues forged licenses.
pub static FORGER: KeyPair = KeyPair::new(
    "forger",
    2048,
    "e37782f36cedbc460120ca07a48b461bc27251edcfcb56f5e4cff71c5195e6ccd735c8469a2eaf49\
         97b2ef0770f7c52191cd59bebcbb7c2ecbd5b4f6ad0bba04242b2388306b40a998d6e079d13cd817\
         ab31c96502f199ac269fe5c995483e27a646b25cac0decec4d972459974d4fe1daf2c91aef65b2b6\
         7e75df544ad7130f",
    "c12b783f837008e657c8b31c41cd2eef66a9a80077de56eb8c430af22c87854354e6266fb75014b6\
         01c17a78ddd623802597e00ee4f03831b8b3a2672a537ef8c442fdf275fe5f642c150d00f05e6788\
         de4ad2d348937d330d5701d027dfb198533798eb9d3161cdb448435a999ad748c6f9901487eb343a\
         1bde4353bb4bb5a5",
);

/// The Client Licensor Certificate of mode 1.
pub static CLIENT_1: KeyPair = KeyPair::new(
    "client-1",
    1024,
    "fd9d906f62c28e1ba1897e8685424914322a07ec87ced4fb4cbf2a5c5a9810a3576e09f494760aa9\
         9825878654d0b382cf83c259286a0b4a2cc40551c9cea303",
    "faf330a60fb310beb8bf3d9a4510f78650c88b02c9f7364a69365e995a7ab42620180b9288a4f229\
         bf72e03910c50a3b60fc8904dcbf2bcd54d06a3d4c26b3e5",
);

/// The Client Licensor Certificate of mode 2.
pub static CLIENT_2: KeyPair = KeyPair::new(
    "client-2",
    2048,
    "e0f27ecad925b1bd93bb04c42c89fa1fc2e9ca3241e7f8c0242ca0588fdd609992e7bb26d829108c\
         31671969203ec946c6008615b3d44df09c29f422c806f4d5375853f825cc7d57650166c0cc1a72ed\
         640d86d09b8dc69adf1cb45bd36b0ec7c3535a114a83a171966586f5a1f9b79ddbe457975eefcd8e\
         e3f764db48ed9825",
    "cf1ff6d9924390eec15dcef371765e9b1ab873f101be1c5d292492c6e5f590317840668e84d1f1a2\
         25598a5299a72e94dcb35b5329f16e89062c947c3c4a61e9bda6d39a9bba4778353d19afba5365af\
         ee63880c3e2c3f8d8c0ed14fd326d1bf8fad1adca9349c32f0b67636b2261c9e0ca3892aaec93031\
         e7b82942907704eb",
);

/// The author's account certificate of mode 1.
pub static ACCOUNT_1: KeyPair = KeyPair::new(
    "account-1",
    1024,
    "e9c2c024aa3593b4d85735fc2c9ee95c779d33669ece7311efab15a4895a771279f878854377f884\
         64e652ce5e12e627c756a0eafce3b5028e6cf94112a0264f",
    "d3a8f332bd6421aae3d5951d9014569b118af259cec662c80308e9982e6f7cb1e51826599ccf79f5\
         39d7657aff3d0668abe090e0c8ead81ba1b7182077fa82b5",
);

/// The author's account certificate of mode 2.
pub static ACCOUNT_2: KeyPair = KeyPair::new(
    "account-2",
    2048,
    "da55f2205ffdb5630f3540384d9e2b6c3d67db9661982554f7c28de213fdcab6382af14fe3cb0818\
         b98517d6a7879165227010402a6adf0872fd325a12e4473bf7ed99dc22c4ff7461468a2d189f0e8d\
         b5c465b102c3da777a1e6893689a327bb9181e3c2c2f463f360329d0b43be6ca6e0c1979672681de\
         57014ea05c6f6fbb",
    "d5aa9a6a901f279eaf8f93238448859c613201d98668499e46b1fc333d615e3f0acb0fd16a33ac10\
         6e035d3e5a5f632cfcec1d7748fa96be97d879701e9461fd818acacb01ca919bea0ba90b6da07d29\
         2b7f28ea74157390c359125216f0478c9289fafe3cc018be780aa74b6d9e3f8effc0292b85385cd9\
         fccd32a43f13a245",
);

/// A key of twice the size of the largest AD RMS keys.
pub static LARGE: KeyPair = KeyPair::new(
    "large",
    4096,
    "ca6e914a324f394627e4903f4d4c3d9317f4522b3346b72eae6a5e1df4d7666aa144f93fe11e135d\
     78c561020ef617422f669e7dd60661ff745a11f306106fa594eccb5331e39e457890bc6f5642ecbc\
     7e96b99d307e65800f09a99dc7cc48ec2ecf65959f3d55abfd63d8c2b2892581f917fc347f4044db\
     2a02ecad3512a6e0c9e42706563dbf388e1e08ffdc8374b853c6151aa0d4384a16bdf3ead014f467\
     fd2a4074af10bb05094eeb7dcc9d11dfc10f6969aba28b8862a9b68d2847a1f5fb5ccdd180f6d5e6\
     04a31b830da8f35d7a554917876f525dd1cdb1e88c9703bb7ee1d6908ed6a73b61d92e930b215fa1\
     fb47861583401ccd0e0a47b830982013",
    "b9284e9d7e4efd6e576cd93330da2360408500068b5ae5fa5babfa1801cab391e5c56971f4a3af8a\
     2dc10f5a362c5497e7f4d747a4ac2a97031ef3010d6f7ec452da1969c32fb099dbd95dcd6a9efaa4\
     d1420b197ea692708b6e56a0d9869e453e5df9489d4967a2cea596abd996708d481733d439b2c605\
     d023f8a3e2586498f71c09f3765a8b88738fe680aa77b2555a63b19c6334e9ddad9c9cd73c2551e1\
     810591bd5fef6f75fa5bb907ea88e628a2f315789d1270a74d509f4419fa0307d32476782cf222b7\
     f371921123607b79f55e31cd3a8623da0fd98c50ddf53f242273a6ae9a0758d98b51628c579ba988\
     1b42e1260c7c7534855f94f5925a77bd",
);
