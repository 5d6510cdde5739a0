use serde_json::json;

use super::*;

fn mention(company: &Company, place: ReferenceIn) -> Mention<'_> {
    Mention { company, place, said: "000000012".to_owned() }
}

#[test]
fn a_reference_is_added_to_what_an_accountant_wrote_and_written_once() {
    let company = Company::new("https://api.finance.visma.net", None, None).unwrap();
    let body = |place, says: Value| {
        let request = mention(&company, place).writing("100123", "AAAA", Some(&says)).unwrap();
        serde_json::from_slice::<Value>(request.body()).unwrap()
    };
    let noted = body(ReferenceIn::Note, json!({"note": "Call Kari first\n"}));
    assert_eq!(noted, json!({"note": {"value": "Call Kari first\nInvoice 000000012"}}));
    assert_eq!(body(ReferenceIn::Note, json!({"note": null})), json!({"note": {"value": "Invoice 000000012"}}));
    let text = body(ReferenceIn::Text, json!({"invoiceText": {"value": "Order 000001042"}}));
    assert_eq!(text, json!({"invoiceText": {"value": "Order 000001042, invoice 000000012"}}));

    let note = mention(&company, ReferenceIn::Note);
    assert!(note.differs(&json!({"note": "Invoice 0000000123"})));
    assert!(note.differs(&json!({"invoiceText": "Invoice 000000012"})));
    assert!(!note.differs(&json!({"note": "Invoice 000000012\nInvoice 000000013"})));
}
