//! Gift cards, store credit and reward points: what an order was paid with besides money.
//!
//! Adobe Commerce alone has them, and how they go over several documents was not measured. Here they go as its modules
//! do it: an invoice uses up what is left of them as far as its total reaches, a credit memo gives back what was used.
//! Reward points have no field on invoices and credit memos; they lower the total and nothing says so.

use super::money::Pair;
use super::sale::Sale;
use crate::generate::json::Object;

/// How the amounts begin in the extension attributes of an order.
const GIFT_CARDS: &str = "gift_cards";
const BALANCE: &str = "customer_balance";
const REWARD: &str = "reward_currency";

/// Amounts of each kind that one document has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Credits {
    gift_cards: Pair,
    balance: Pair,
    reward: Pair,
}

impl Credits {
    pub(super) fn sum(&self) -> Pair {
        self.gift_cards + self.balance + self.reward
    }

    /// Credits that an invoice uses, which would come to `total` without them.
    pub(super) fn of_invoice(sale: &Sale, total: Pair) -> Self {
        Self::spread(total, |kind| sale.extension(&format!("{kind}_amount")) - used(sale, kind, "invoiced"))
    }

    /// Credits that a credit memo gives back, which would come to `total` without them.
    pub(super) fn of_refund(sale: &Sale, total: Pair) -> Self {
        Self::spread(total, |kind| used(sale, kind, "invoiced") - used(sale, kind, "refunded"))
    }

    fn spread(total: Pair, open: impl Fn(&str) -> Pair) -> Self {
        let mut left = total;
        let mut take = |kind: &str| {
            let open = open(kind);
            let taken = if open.base > left.base { left } else { open };
            left = left - taken;
            taken
        };
        Self { gift_cards: take(GIFT_CARDS), balance: take(BALANCE), reward: take(REWARD) }
    }

    /// The order remembers, under names that end in `step`: `invoiced` or `refunded`.
    pub(super) fn book(&self, sale: &mut Sale, step: &str) {
        for (kind, amount) in [(GIFT_CARDS, self.gift_cards), (BALANCE, self.balance), (REWARD, self.reward)] {
            if amount != Pair::ZERO {
                let sum = used(sale, kind, step) + amount;
                sale.set_extension(&format!("{kind}_{step}"), sum);
            }
        }
    }

    /// The extension attributes of the document, if it has any.
    pub(super) fn shown(&self) -> Option<String> {
        let mut extension = Object::new();
        for (kind, amount) in [(GIFT_CARDS, self.gift_cards), (BALANCE, self.balance)] {
            if amount != Pair::ZERO {
                extension.both(&format!("{kind}_amount"), amount.base, amount.own);
            }
        }
        let text = extension.end();
        (text != "{}").then_some(text)
    }
}

fn used(sale: &Sale, kind: &str, step: &str) -> Pair {
    sale.extension(&format!("{kind}_{step}"))
}
