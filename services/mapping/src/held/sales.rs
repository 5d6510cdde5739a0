//! The latest orders and credit memos, booked by the file for once without being sent.

use std::collections::BTreeMap;

use problem::Code;

use super::Finding;
use crate::decision::Refusal;
use crate::file::Mapping;
use crate::scope::{Meaning, Scope, States, Trigger};
use crate::survey::Sales;

/// Refusals that another file would not have made.
const OF_THE_FILE: [Code; 13] = [
    Code::NoAccount,
    Code::NoBranch,
    Code::NoCustomerClass,
    Code::NoDimension,
    Code::NoTerms,
    Code::NoVatCode,
    Code::NoVatZone,
    Code::UnknownCurrency,
    Code::UnknownPaymentMethod,
    Code::UnknownSku,
    Code::UnknownStore,
    Code::UnknownTaxRate,
    Code::VatRateDiffers,
];

/// Returns what the file would refuse of them, by code, with the first of each.
pub(super) fn refused(mapping: &Mapping, sales: &Sales, scope: &Scope) -> Vec<Finding> {
    let scope = Scope { go_live: None, trigger: Trigger::Placed, states: booked(scope), ..scope.clone() };
    let orders = sales.orders.iter().filter_map(|order| crate::order(order, mapping, &scope).err());
    let memos = sales.refunds().filter_map(|(memo, order)| crate::credit_memo(memo, order, mapping, &scope).err());
    let mut refused: BTreeMap<Code, (usize, Refusal)> = BTreeMap::new();
    for refusal in orders.chain(memos).filter(|refusal| OF_THE_FILE.contains(&refusal.code)) {
        refused.entry(refusal.code).or_insert((0, refusal)).0 += 1;
    }
    let told = |(code, (count, first)): (Code, (usize, Refusal))| {
        let sentence =
            format!("{count} of the latest orders and credit memos are refused as {code}: {}", first.sentence);
        Finding::new("sales", sentence)
    };
    refused.into_iter().map(told).collect()
}

/// Returns the scope's states with `Wait` turned into `Book`: an order that waits is booked one day.
fn booked(scope: &Scope) -> States {
    let day = |meaning: Meaning| if meaning == Meaning::Wait { Meaning::Book } else { meaning };
    let mut states = scope.states.clone();
    for state in [
        &mut states.new,
        &mut states.pending_payment,
        &mut states.processing,
        &mut states.complete,
        &mut states.closed,
        &mut states.canceled,
        &mut states.holded,
        &mut states.payment_review,
    ] {
        *state = day(*state);
    }
    states
}
