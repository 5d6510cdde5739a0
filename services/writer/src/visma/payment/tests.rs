use problem::Code;

use super::*;

fn decimal(text: &str) -> Decimal {
    Decimal::from_str(text).unwrap()
}

fn of(amount: &str, total: &str) -> Result<Decimal, Problem> {
    let settled = Outcome { predicted_total: total.to_owned(), ..Outcome::default() };
    applied(decimal(amount), "100017", &settled)
}

#[test]
fn no_more_is_applied_than_the_document_comes_to() {
    for (amount, total, wanted) in
        [("400.00", "415.00", "400.00"), ("415.00", "415.00", "415.00"), ("430.50", "415.00", "415.00")]
    {
        assert_eq!(of(amount, total).unwrap(), decimal(wanted), "{amount} of {total}");
    }
}

#[test]
fn a_total_that_cannot_be_read_is_told_and_not_taken_for_the_whole() {
    for total in ["", "4I5.00"] {
        let problem = of("430.50", total).unwrap_err();
        assert_eq!(problem.code, Code::OutcomeUnreadable);
        assert!(problem.sentence.contains("100017") && problem.remedy.contains("by hand"), "{problem:?}");
    }
}
