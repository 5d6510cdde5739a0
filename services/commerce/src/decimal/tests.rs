use rust_decimal::Decimal;

use super::{DecimalError, parse};

fn exact(text: &str) -> Decimal {
    Decimal::from_str_exact(text).expect("a decimal of the test")
}

#[test]
fn reads_what_commerce_sends() {
    for (text, wanted) in [
        ("0", "0"),
        ("100", "100"),
        ("-27.76", "-27.76"),
        ("59.065", "59.065"),
        ("100.0000", "100"),
        ("1E2", "100"),
        ("1.5e+3", "1500"),
        ("5.55E-17", "0.0000000000000000555"),
        ("1.7763568394003e-15", "0.0000000000000017763568394003"),
        ("12.34e-1", "1.234"),
        ("12345.678e2", "1234567.8"),
        ("-0.0", "0"),
        ("+1.5", "1.5"),
        ("999999999999999999.99", "999999999999999999.99"),
    ] {
        assert_eq!(parse(text).expect(text), exact(wanted), "{text}");
    }
}

#[test]
fn rounds_beyond_28_places() {
    assert_eq!(parse("0.00000000000000000000000000015").expect("29 places"), exact("0.0000000000000000000000000002"));
    assert_eq!(parse("1.7763568394003123e-15").expect("31 places"), exact("0.0000000000000017763568394003"));
    assert_eq!(parse("1e-400").expect("tiny"), Decimal::ZERO);
    assert_eq!(parse("-1e-2000000").expect("tinier"), Decimal::ZERO);
    assert_eq!(parse("33.333333333333333333333333333333333333").expect("thirds").round_dp(4), exact("33.3333"));
}

#[test]
fn refuses_what_is_no_amount() {
    for text in
        ["", " 1", "1 ", "-", ".", ".5", "e5", "1e", "1e5.0", "0x10", "1,5", "NaN", "1.2.3", "--1", "1e99999999999"]
    {
        assert!(matches!(parse(text), Err(DecimalError::Syntax(_))), "{text}");
    }
    for text in [
        "1e18",
        "-1000000000000000000",
        "1e30",
        "123456789012345678901234567890",
        "1e2000000000",
        "99999999999999999999999999999",
    ] {
        assert!(matches!(parse(text), Err(DecimalError::OutOfRange(_))), "{text}");
    }
}
