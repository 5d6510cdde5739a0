//! Tells whether Visma keeps VAT that is sent along. Only a document whose VAT is not what Visma computes anyway can
//! tell it.

use rust_decimal::Decimal;

use super::shown::computed;
use super::{Booked, Pins, Shown, ShownVat};
use crate::invoice::TaxDetail;

/// Every code whose VAT differs holds what Visma computes of the taxable amount that was booked.
pub(super) fn are_overwritten(booked: &Booked, shown: &Shown) -> bool {
    let mut differing = pairs(booked, shown).filter(|(was, is)| is.vat != Some(was.vat)).peekable();
    let all = booked.vat.iter().flatten().all(|was| shown.vat.iter().filter(|is| is.code == was.vat_code).count() == 1);
    let strange = |is: &ShownVat| booked.vat.iter().flatten().all(|was| was.vat_code != is.code);
    booked.pinned
        && all
        && !shown.vat.iter().any(strange)
        && differing.peek().is_some()
        && differing
            .all(|(was, is)| was.taxable == is.taxable && is.vat.is_some_and(|vat| is_computed(vat, is) == Some(true)))
}

/// Returns `Kept` when pinned VAT stands as sent, and Visma would have computed another; else `Unknown`.
pub(super) fn told(booked: &Booked, shown: &Shown) -> Pins {
    let stands = |(was, is): (&TaxDetail, &ShownVat)| {
        is.vat == Some(was.vat) && is.taxable == was.taxable && is_computed(was.vat, is) == Some(false)
    };
    if booked.pinned && pairs(booked, shown).any(stands) { Pins::Kept } else { Pins::Unknown }
}

fn pairs<'a>(booked: &'a Booked, shown: &'a Shown) -> impl Iterator<Item = (&'a TaxDetail, &'a ShownVat)> {
    let is = |was: &'a TaxDetail| shown.vat.iter().find(|is| is.code == was.vat_code).map(|is| (was, is));
    booked.vat.iter().flatten().filter_map(is)
}

/// True when Visma computes this VAT, however it rounds; `None` where too little is shown to say so.
fn is_computed(vat: Decimal, is: &ShownVat) -> Option<bool> {
    let rate = is.rate?;
    let once = [2, 0].into_iter().any(|decimals| computed(is.taxable, rate, decimals) == Some(vat));
    if once { Some(true) } else { is.by_line.map(|by_line| by_line == vat) }
}
