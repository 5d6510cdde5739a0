use super::*;

fn entry() -> Outcome {
    Outcome {
        number: "100123".to_owned(),
        currency: "NOK".to_owned(),
        predicted_total: "250.00".to_owned(),
        ..Outcome::default()
    }
}

fn seen(total: &str) -> Verification {
    Verification {
        number: "100123".to_owned(),
        currency: "NOK".to_owned(),
        total: total.to_owned(),
        ..Verification::default()
    }
}

fn code(finding: &Finding) -> &'static str {
    match finding {
        Finding::Right => "",
        Finding::Wrong(code, _) => code,
    }
}

#[test]
fn a_total_is_compared_to_the_øre_and_not_to_the_digit() {
    assert_eq!(compared(&entry(), &seen("250.0000")), Finding::Right);
    assert_eq!(compared(&entry(), &seen("-250.00")), Finding::Right, "a credit note may carry another sign");
    let Finding::Wrong("TOTAL_DIFFERS", sentence) = compared(&entry(), &seen("250.01")) else { panic!() };
    assert!(sentence.contains("250.01") && sentence.contains("250.00"), "{sentence}");
    let euro = Verification { currency: "EUR".to_owned(), ..seen("250.00") };
    assert_eq!(code(&compared(&entry(), &euro)), "TOTAL_DIFFERS");
    let abroad = Verification { other_total: "250.00".to_owned(), ..seen("2858.13") };
    assert_eq!(compared(&entry(), &abroad), Finding::Right, "either of the two amounts may be the document's");
    let neither = Verification { other_total: "250.02".to_owned(), ..seen("250.01") };
    assert_eq!(code(&compared(&entry(), &neither)), "TOTAL_DIFFERS");
    let unpredicted = Outcome { predicted_total: String::new(), ..entry() };
    assert_eq!(compared(&unpredicted, &seen("1.00")), Finding::Right);
}

#[test]
fn two_documents_of_one_reference_are_named_both() {
    let two = Verification { duplicates: vec!["100124".to_owned(), "100123".to_owned()], ..seen("250.00") };
    let Finding::Wrong("DUPLICATE_DOCUMENT", sentence) = compared(&entry(), &two) else { panic!() };
    assert!(sentence.contains("100123, 100124"), "{sentence}");
    let other = Verification { number: "100999".to_owned(), ..seen("250.00") };
    assert_eq!(code(&compared(&entry(), &other)), "DUPLICATE_DOCUMENT");
    let alone = Verification { duplicates: vec!["100123".to_owned()], ..seen("250.00") };
    assert_eq!(compared(&entry(), &alone), Finding::Right);
}

#[test]
fn what_we_removed_is_no_second_document() {
    let booked_again = Outcome { removed: vec!["100122".to_owned()], ..entry() };
    let both = Verification { duplicates: vec!["100122".to_owned(), "100123".to_owned()], ..seen("250.00") };
    assert_eq!(compared(&booked_again, &both), Finding::Right);
    assert_eq!(code(&compared(&entry(), &both)), "DUPLICATE_DOCUMENT");
    let three = Verification { duplicates: ["100122", "100123", "100124"].map(str::to_owned).to_vec(), ..both };
    let Finding::Wrong("DUPLICATE_DOCUMENT", sentence) = compared(&booked_again, &three) else { panic!() };
    assert!(sentence.contains("100123, 100124") && !sentence.contains("100122"), "{sentence}");
}

#[test]
fn what_is_deleted_is_told() {
    let gone = Verification { deleted: true, ..Verification::default() };
    assert_eq!(code(&compared(&entry(), &gone)), "DOCUMENT_GONE");
}
