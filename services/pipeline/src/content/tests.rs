use super::{Known, Readable, RecordError, Rules, read};

static RULES: Rules = Rules {
    volatile: &["updated_at"],
    volatile_at_top: &["histories"],
    person: &[&["email"], &["billing", "email"]],
    readable: Readable::new(&[
        (&[], &["state", "billing", "updated_at"]),
        (&["billing"], &["country"]),
        (&["billing", "region"], &["code"]),
        (&["items"], &["sku"]),
    ]),
};

fn known(text: &str) -> Known {
    read(text, &RULES).unwrap()
}

fn content(text: &str) -> String {
    known(text).content
}

/// The personal strings, as the text has them.
fn personal(text: &str) -> Vec<&str> {
    known(text).personal.into_iter().map(|at| text.get(at).unwrap()).collect()
}

#[test]
fn spelling_and_order_of_keys_are_no_content() {
    let one = content(r#"{"b": 100, "a": {"y": [1, 2.50], "x": null}, "c": "100", "l": []}"#);
    assert_eq!(one, r#"{"a":{"y":[1,25e-1]},"b":1e2,"c":"100","l":[]}"#);
    for other in [
        r#"{"c":"100","a":{"y":[1.0,2.5]},"b":100.0000,"l":[ ]}"#,
        r#" {"a":{"y":[1e0,25E-1],"z":null},"b":1E2,"\u0063":"\u0031\u0030\u0030","d":null,"l":[]} "#,
    ] {
        assert_eq!(content(other), one, "{other}");
    }
}

#[test]
fn items_stay_in_their_order_and_numbers_are_not_texts() {
    for (one, other) in [
        ("[1,2]", "[2,1]"),
        (r#"{"a":1}"#, r#"{"a":"1"}"#),
        (r#"{"a":[null]}"#, r#"{"a":[]}"#),
        (r#"{"a":1.7763568394003e-15}"#, r#"{"a":0}"#),
        (r#"{"a":["1,2"]}"#, r#"{"a":["1","2"]}"#),
        (r#"{"a":"\""}"#, r#"{"a":"\\\""}"#),
    ] {
        assert_ne!(content(one), content(other));
    }
}

#[test]
fn what_moves_by_itself_is_no_content() {
    let text = r#"{"updated_at":"a","histories":[{"email":"x"}],"items":[{"updated_at":"b","histories":[1]}]}"#;
    assert_eq!(content(text), r#"{"items":[{"histories":[1]}]}"#);
    assert_eq!(personal(text), ["x", "b"], "what is no content is a person's all the same");
}

#[test]
fn content_is_json_and_its_own_content() {
    for text in ["null", "-0.50", "\"a\\/b \\u00e9 \\\"\\n\"", "{}", "[[],{}]", r#"{"a\"b":{"\u0001":true}}"#] {
        let once = content(text);
        serde_json::from_str::<serde_json::Value>(&once).unwrap();
        assert_eq!(content(&once), once, "{text}");
    }
    assert_eq!(content("\"a\\/b \\u00e9\""), content("\"a/b é\""));
}

#[test]
fn every_text_is_sealed_unless_its_path_is_listed() {
    let text = r#"{"email":"a@b.no","state":"new","door":"4711","billing":{"lines":["St\"1",""],"country":"NO",
        "region":{"code":"03","name":"Oslo"}},"items":[{"sku":"S","state":"x"},{"sku":"T","x":{"sku":"y"}}]}"#;
    assert_eq!(personal(text), ["a@b.no", "4711", "St\\\"1", "Oslo", "x", "y"]);
    // The same name elsewhere, and what is no record, are not what is listed.
    assert_eq!(personal(r#"{"other":{"state":"a","items":{"sku":"b"}},"items":{"sku":"T"}}"#), ["a", "b"]);
    assert_eq!(personal(r#"["a",{"state":"b"}]"#), ["a"]);
    assert_eq!(personal(r#""a""#), ["a"]);
    // Some answers wrap a text, or have a text where others have an object.
    assert_eq!(personal(r#"{"state":{"value":"new","by":"Kari"},"billing":"10000"}"#), ["Kari"]);
    // Somebody typed the mark of a sealed text.
    assert_eq!(personal(r#"{"state":"sealed:1:x:y","billing":"said \"sealed:1:\""}"#), ["sealed:1:x:y"]);
}

#[test]
fn a_person_is_an_address_in_one_spelling() {
    for (text, wanted) in [
        (r#"{"billing":{"email":"B@x.no"},"email":" Kari@Example.NO "}"#, Some("kari@example.no")),
        (r#"{"email":" Kari@Example.NO ","billing":{"email":"B@x.no"}}"#, Some("kari@example.no")),
        (r#"{"email":"","billing":{"email":"B@x.no"}}"#, Some("b@x.no")),
        (r#"{"items":[{"email":"B@x.no"}],"billing":{"a":{"email":"c"}}}"#, None),
        ("[]", None),
    ] {
        assert_eq!(known(text).person.as_deref(), wanted, "{text}");
    }
}

#[test]
fn what_is_no_record_is_refused() {
    for text in ["", "{", "{\"a\":}", "[1,]", "{} x", "nul", "\"\\x\"", "01"] {
        assert!(matches!(read(text, &RULES), Err(RecordError::Syntax(_))), "{text}");
    }
    let deep = "[".repeat(5_000) + &"]".repeat(5_000);
    assert!(matches!(read(&deep, &RULES), Err(RecordError::TooDeep)));
}
