use proptest::prelude::*;

use super::{token, untoken};

#[test]
fn a_key_reads_as_itself_wherever_it_can() {
    for (key, expected) in [
        ("000001042", "000001042"),
        ("WEB-1_a", "WEB-1_a"),
        ("a.b c", "a=2Eb=20c"),
        ("*>", "=2A=3E"),
        ("=", "=3D"),
        ("Bø", "B=C3=B8"),
        ("", "="),
    ] {
        assert_eq!(token(key), expected);
        assert_eq!(untoken(expected), key);
    }
}

#[test]
fn what_is_no_token_of_ours_is_kept_as_it_stands() {
    for text in ["=2", "=ZZ", "a=b"] {
        assert_eq!(untoken(text), text);
    }
}

proptest! {
    #[test]
    fn every_text_is_one_token_and_comes_back(text in "\\PC{0,30}", other in "\\PC{0,30}") {
        let token = token(&text);
        prop_assert!(!token.is_empty() && !token.contains(['.', '*', '>', ' ']) && token.is_ascii(), "{}", token);
        prop_assert_eq!(untoken(&token), text.clone());
        prop_assert_eq!(super::token(&other) == token, other == text);
    }
}

#[test]
fn a_key_that_is_too_long_for_a_subject_ends_in_a_hash() {
    let (one, other) = ("9".repeat(100_000), "9".repeat(100_001));
    assert!(token(&one).len() <= 500, "{}", token(&one).len());
    assert_ne!(token(&one), token(&other));
    assert_eq!(token(&one), token(&one));
    assert_eq!(token(&"9".repeat(500)), "9".repeat(500));
}
