use problem::Code;

use super::*;

fn decimal(text: &str) -> Decimal {
    Decimal::from_str(text).unwrap()
}

fn invoice(number: &str, status: &str, balance: &str) -> (String, Outcome) {
    let entry = Outcome {
        status: status.to_owned(),
        balance: balance.to_owned(),
        currency: "NOK".to_owned(),
        ..Outcome::default()
    };
    (number.to_owned(), entry)
}

fn note(total: &str) -> Outcome {
    Outcome { predicted_total: total.to_owned(), currency: "NOK".to_owned(), ..Outcome::default() }
}

#[test]
fn a_credit_note_is_applied_to_what_is_open_in_the_order_named() {
    let credited = [invoice("1", "Open", "100.00"), invoice("2", "Balanced", "50.00"), invoice("3", "Open", "80.00")];
    let applied = applications(&note("150.00"), &credited).unwrap();
    let expected = [("1", "100.00"), ("3", "50.00")]
        .map(|(invoice, amount)| Application { invoice: invoice.to_owned(), amount: decimal(amount) });
    assert_eq!(applied, expected);
}

#[test]
fn nothing_is_applied_to_what_is_paid_unseen_or_in_another_currency() {
    let euro = {
        let (number, entry) = invoice("4", "Open", "80.00");
        (number, Outcome { currency: "EUR".to_owned(), ..entry })
    };
    let credited = [invoice("1", "Closed", "0.00"), invoice("2", "", ""), invoice("3", "Hold", "80.00"), euro];
    assert_eq!(applications(&note("150.00"), &credited).unwrap(), []);
}

#[test]
fn an_amount_that_cannot_be_read_is_not_zero() {
    assert_eq!(applications(&note("15O.00"), &[]).unwrap_err().code, Code::CommandUnreadable);
    let spoilt = [invoice("1", "Open", "1OO.00")];
    assert_eq!(applications(&note("150.00"), &spoilt).unwrap_err().code, Code::OutcomeUnreadable);
}
