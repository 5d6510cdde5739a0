use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{Subjects, key_of, partition, token, untoken};

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

/// The published test vectors of FNV-1a, 64 bits (`af63dc4c8601ec8c` for "a"), modulo 16. They may never change: a lane
/// that moved to another partition would be worked on in two places.
#[test]
fn partitions_are_fixed_for_ever() {
    for (lane, expected) in [("", "05"), ("a", "12"), ("foobar", "08"), ("487", "02"), ("100000042", "14")] {
        assert_eq!(partition(lane), expected, "{lane}");
    }
    let used: BTreeSet<String> = (0..200).map(|order| partition(&order.to_string())).collect();
    assert_eq!(used, (0..16).map(|p| format!("{p:02}")).collect());
}

#[test]
fn subjects_are_the_ones_of_the_streams() {
    let subjects = Subjects::new("main");
    assert_eq!(subjects.hint("commerce", "order", "7"), "hint.main.commerce.order.7");
    assert_eq!(subjects.change("commerce", "order", "7.1"), "change.main.commerce.order.7=2E1");
    assert_eq!(subjects.command("visma", "invoice", "7", "foobar"), "command.main.visma.invoice.7.08");
    assert_eq!(subjects.outcome("visma", "invoice", "7"), "outcome.main.visma.invoice.7");
    assert_eq!(subjects.all("outcome", "visma", "customer"), "outcome.main.visma.customer.>");
    let dead = subjects.dead("mapper", "NO_EMAIL", "change.main.commerce.order.7=2E1");
    assert_eq!(dead, "dead.main.mapper.NO_EMAIL.order.7=2E1");
    assert_eq!(subjects.dead("mapper", "NO_EMAIL", "nonsense"), "dead.main.mapper.NO_EMAIL.unknown.unknown");
    assert_eq!(Subjects::new("a.b").hint("s", "e", "k"), "hint.a=2Eb.s.e.k");
    assert_eq!(key_of("command.main.visma.invoice.7=2E1.08").map(untoken).as_deref(), Some("7.1"));
    assert_eq!(key_of("hint.main"), None);
}

#[test]
fn a_key_that_is_too_long_for_a_subject_ends_in_a_hash() {
    let (one, other) = ("9".repeat(100_000), "9".repeat(100_001));
    assert!(token(&one).len() <= 500, "{}", token(&one).len());
    assert_ne!(token(&one), token(&other));
    assert_eq!(token(&one), token(&one));
    assert_eq!(token(&"9".repeat(500)), "9".repeat(500));
}
