//! Accounts and VAT ids of the kinds of lines that the shop had.

use super::lists::{listed, quoted};
use super::{Ground, add};
use crate::rules::LineKind;

/// Kinds that not every shop has.
const KINDS: [(LineKind, &str); 9] = [
    (LineKind::UntaxedDiscount, "a discount that the shop did not take off what it taxed"),
    (LineKind::GiftCard, "paid with a gift card: the liability goes down"),
    (LineKind::StoreCredit, "paid with store credit"),
    (LineKind::Reward, "paid with reward points"),
    (LineKind::Fee, "a fee that an app put on the order"),
    (LineKind::GiftWrap, "gift wrap"),
    (LineKind::Fpt, "fixed product tax"),
    (LineKind::AdjustmentRefund, "refunded beyond what was sold"),
    (LineKind::AdjustmentFee, "kept back of a refund"),
];

/// Account rules for the kinds that every document may need, and for those that were seen.
pub(super) fn accounts(ground: &Ground<'_>) -> String {
    let mut text = String::new();
    for (kind, what) in [
        (LineKind::Rounding, "what closes the gap to the order's total"),
        (LineKind::Shipping, "shipping and handling"),
    ] {
        if ground.old.is_none_or(|old| !old.accounts.0.iter().any(|rule| rule.when.speaks_of(kind))) {
            account(&mut text, &format!("line = \"{kind}\""), &format!("? {kind}"), what);
        }
    }
    let sold = seen_without_account(ground, |kind, sells| kind == LineKind::Item && sells);
    if sold > 0 {
        let what = format!("a gift card that is sold is a liability; seen on {sold} lines");
        account(&mut text, "product_type = \"giftcard\"", "? gift cards sold", &what);
    }
    for (kind, what) in KINDS {
        let seen = seen_without_account(ground, |one, _| one == kind);
        if seen > 0 {
            account(
                &mut text,
                &format!("line = \"{kind}\""),
                &format!("? {kind}"),
                &format!("{what}; seen on {seen} lines"),
            );
        }
    }
    text
}

fn account(text: &mut String, when: &str, question: &str, what: &str) {
    let question = quoted(question);
    add(text, format_args!("[[account]]\nwhen = {{ {when} }}    # {what}\naccount = {question}\n\n"));
}

fn seen_without_account(ground: &Ground<'_>, of: impl Fn(LineKind, bool) -> bool) -> usize {
    ground.seen.count(|line, lines| lines.without_account > 0 && of(line.kind, line.sells_gift_card))
}

/// The kinds that were not seen, as comments.
pub(super) fn commented(ground: &Ground<'_>) -> String {
    let mut text = String::from(
        "# Without a rule, orders that have such a line are refused. Take the # away where the shop has them:\n",
    );
    for (kind, what) in KINDS.into_iter().filter(|(kind, _)| ground.seen.count(|line, _| line.kind == *kind) == 0) {
        let when = format!("when = {{ line = \"{kind}\" }}    # {what}");
        add(&mut text, format_args!("#\n# [[account]]\n# {when}\n# account = \"? {kind}\"\n"));
    }
    text
}

/// VAT rules for lines outside VAT, and for gift cards that are sold.
pub(super) fn vat(ground: &Ground<'_>) -> String {
    let mut text = String::new();
    let untaxed = ground
        .books
        .vat
        .iter()
        .flatten()
        .filter(|vat| vat.output && vat.entry.active && vat.rate.is_some_and(|rate| rate.is_zero()));
    let answers = listed(untaxed.map(|vat| &vat.entry), "no VAT id computes 0 %");
    let without = |kind: LineKind| ground.seen.count(|line, lines| lines.without_vat > 0 && line.kind == kind) > 0;
    let kinds: Vec<LineKind> = match ground.old {
        None => LineKind::UNTAXED.to_vec(),
        Some(_) => LineKind::UNTAXED.into_iter().filter(|kind| without(*kind)).collect(),
    };
    if !kinds.is_empty() {
        let line = match ground.old {
            None => "\"outside_vat\"".to_owned(),
            Some(_) => format!("[{}]", kinds.iter().map(|kind| quoted(kind.name())).collect::<Vec<_>>().join(", ")),
        };
        text += "# Lines outside of VAT: money that was taxed when it came in, and differences.\n";
        add(
            &mut text,
            format_args!("[[vat]]    # {answers}\nwhen = {{ line = {line} }}\ncode = \"? outside\"\nrate = 0\n"),
        );
    }
    let sells = |untaxed: bool| {
        ground.seen.count(|line, lines| line.sells_gift_card && lines.without_vat > 0 && line.rate.is_zero() == untaxed)
    };
    if sells(true) > 0 {
        text += "\n# Gift cards that are sold: VAT is due when they are used.\n";
        add(
            &mut text,
            format_args!("[[vat]]    # {answers}\nwhen = {{ product_type = \"giftcard\", tax_rate = 0 }}\n"),
        );
        text += "code = \"? outside\"\nrate = 0\n";
    }
    text
}
