use super::{CipherError, open, parse_key, random_key, seal, write_key};

#[test]
fn what_is_sealed_opens_under_the_same_key_and_purpose_alone() {
    let (key, other) = (random_key(), random_key());
    let sealed = seal(&key, b"person-1", "Bø & Sønn".as_bytes()).unwrap();
    assert_eq!(open(&key, b"person-1", &sealed).unwrap(), "Bø & Sønn".as_bytes());
    assert_eq!(open(&other, b"person-1", &sealed), Err(CipherError));
    assert_eq!(open(&key, b"person-2", &sealed), Err(CipherError), "one person's text in another's place");
}

#[test]
fn every_bit_counts_and_nothing_shows_through() {
    let key = random_key();
    let sealed = seal(&key, b"p", b"kari@example.no").unwrap();
    for place in 0..sealed.len() {
        let mut damaged = sealed.clone();
        damaged[place] ^= 1;
        assert_eq!(open(&key, b"p", &damaged), Err(CipherError), "byte {place}");
    }
    for length in 0..sealed.len() {
        assert_eq!(open(&key, b"p", &sealed[..length]), Err(CipherError), "{length} bytes");
    }
    assert!(!sealed.windows(4).any(|w| w == b"kari"));
    assert_ne!(seal(&key, b"p", b"kari@example.no").unwrap(), sealed, "equal texts are told apart from each other");
}

#[test]
fn keys_are_read_in_base64_and_hex_and_in_no_other_length() {
    let key = random_key();
    assert_eq!(parse_key(&write_key(&key)).unwrap(), key);
    assert_eq!(parse_key(&hex::encode(key.as_slice())).unwrap(), key);
    for wrong in ["", "00", "c2hvcnQ=", &hex::encode([0; 31]), &hex::encode([0; 33]), "not a key at all ☃"] {
        assert!(parse_key(wrong).is_none(), "{wrong}");
    }
}
