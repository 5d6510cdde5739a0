//! Values as they are written in comments.

use rust_decimal::Decimal;

/// An amount with at least two decimals and no zeros beyond: `1250.00`.
pub(super) fn amount(amount: Decimal) -> String {
    let mut amount = amount.normalize();
    if amount.scale() < 2 {
        amount.rescale(2);
    }
    amount.to_string()
}

/// An amount with its currency, where both are told.
pub(super) fn money(value: Option<Decimal>, currency: Option<&str>) -> Option<String> {
    let value = amount(value?);
    Some(currency.map_or_else(|| value.clone(), |currency| format!("{value} {currency}")))
}

/// A text of others', on one line and without what a shop's pages could take for markup.
pub(super) fn plain(text: &str) -> String {
    let kept =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !matches!(c, '<' | '>' | '[' | ']'));
    kept.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_two_decimals_or_those_that_count() {
        let shown = |text: &str| amount(Decimal::from_str_exact(text).unwrap());
        assert_eq!(shown("1250"), "1250.00");
        assert_eq!(shown("1250.5000"), "1250.50");
        assert_eq!(shown("0.0010"), "0.001");
        assert_eq!(shown("-3"), "-3.00");
        assert_eq!(money(None, Some("NOK")), None);
    }

    #[test]
    fn what_others_wrote_can_neither_mark_nor_break_a_page() {
        assert_eq!(plain(" Acme\r\n<b>[ml:invoice 1 open]</b>\u{7} AS "), "Acme bml:invoice 1 open/b AS");
    }
}
