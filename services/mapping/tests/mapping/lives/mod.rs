//! The account of an order balances, whatever becomes of the order: what stands for it in Visma is what the shop says
//! is left of it, the total and VAT by rate.
//!
//! Lives are drawn: an order, with or without a module's fee, gift wraps, reward points and fixed product tax; then any
//! sequence of part invoices, payments, shipments, refunds with adjustments, and cancellations. The connector reads
//! some of the versions and in the end all that there is. `ML_LIVES` draws so many instead of a few thousand, a million
//! in some minutes where the code is optimized:
//! `ML_LIVES=300000 cargo test --release -p mapping --test mapping lives -- --nocapture`.

mod books;
mod shop;

use std::cell::Cell;

use mapping::{Mapping, Trigger};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use books::Books;
use shop::{Extras, Line, Sale};

use crate::support::default_mapping;

/// One thing that becomes of an order. The numbers say how much of each line, of shipping, and of adjustments.
#[derive(Debug, Clone)]
struct Step {
    what: u8,
    much: [u32; 4],
    shipping: u32,
    adjust: (u32, u32),
    is_read: bool,
}

prop_compose! {
    fn step()(
        what in 0u8..20,
        much in prop::array::uniform4(prop_oneof![Just(0u32), 0u32..4, Just(9)]),
        shipping in prop_oneof![Just(0u32), Just(1_000_000), 1u32..5_000],
        adjust in (prop_oneof![3 => Just(0u32), 1 => 1u32..3_000], prop_oneof![3 => Just(0u32), 1 => 1u32..3_000]),
        is_read in prop::bool::weighted(0.7),
    ) -> Step {
        Step { what, much, shipping, adjust, is_read }
    }
}

fn line() -> impl Strategy<Value = Line> {
    let some = || prop_oneof![3 => Just(0u32), 1 => 1u32..3_000];
    (1u32..50_000, 1u32..7, 0usize..4, prop_oneof![2 => Just(0u32), 1 => 1u32..60], some(), some())
        .prop_map(|(price, ordered, rate, off, wrap, fpt)| Line::new(price, ordered, rate, off).with(wrap, fpt))
}

fn sale() -> impl Strategy<Value = Sale> {
    let some = |most: u32| prop_oneof![2 => Just(0u32), 1 => 1u32..most];
    let rows = (prop::collection::vec(line(), 1..5), some(20_000));
    (rows, (some(5_000), any::<bool>(), any::<bool>(), some(5_000)), some(90)).prop_map(|(rows, extras, points)| {
        let (fee, is_taxed, is_last, wrap) = extras;
        Sale::place(rows.0, rows.1).with(Extras::new(fee, is_taxed, is_last, wrap), points)
    })
}

fn take(sale: &mut Sale, step: &Step) {
    let wanted = |at: usize, left: u32| step.much.get(at).copied().unwrap_or_default().min(left);
    match step.what {
        0..5 => sale.invoice(wanted, true),
        5 => sale.invoice(wanted, false),
        6 => sale.pay(),
        7 | 8 => sale.ship(wanted),
        9..15 => sale.refund(wanted, step.shipping, step.adjust.0, step.adjust.1),
        15..18 => sale.cancel(),
        _ => sale.cancel_some(wanted),
    }
}

/// Lives a life; whether anything stood in the end, and whether a person was asked.
fn live(
    mapping: &Mapping,
    mut sale: Sale,
    steps: &[Step],
    (trigger, released, from): (Trigger, bool, usize),
) -> Result<(bool, bool), TestCaseError> {
    let mut books = Books::new(mapping, trigger, released);
    if from == 0 {
        books.read(&sale);
        books.hold(&sale)?;
    }
    for (at, step) in steps.iter().enumerate() {
        take(&mut sale, step);
        if step.is_read && at >= from {
            books.read(&sale);
            books.hold(&sale)?;
        }
    }
    books.read(&sale);
    books.hold(&sale)?;
    Ok(books.end())
}

/// An extension cancels five of six pieces, whose tax comes to half a hundredth; then the shop cancels the rest, which
/// has the other half.
#[test]
fn two_halves_of_a_hundredth_are_credited_on_the_same_code() {
    let lines = || vec![Line::new(1, 1, 0, 0), Line::new(1, 1, 0, 0), Line::new(41_421, 6, 2, 27)];
    let step = |what: u8, third: u32| Step { what, much: [0, 0, third, 0], shipping: 0, adjust: (0, 0), is_read: true };
    let steps = [step(7, 1), step(18, 9), step(15, 0)];
    let mapping = default_mapping();
    for released in [false, true] {
        live(&mapping, Sale::place(lines(), 14_518), &steps, (Trigger::Placed, released, 0)).unwrap();
    }
}

/// An extension cancels two of four pieces and rounds their tax up; the invoice over the other two does so too.
#[test]
fn what_was_cancelled_by_the_piece_stays_on_its_code_when_the_rest_is_invoiced() {
    let lines = || vec![Line::new(14_271, 4, 2, 3), Line::new(12_138, 3, 0, 0)];
    let step = |what: u8, much: [u32; 4]| Step { what, much, shipping: 0, adjust: (0, 0), is_read: true };
    let steps = [step(18, [2, 3, 0, 0]), step(0, [2, 0, 0, 0])];
    let mapping = default_mapping();
    for from in 0..3 {
        live(&mapping, Sale::place(lines(), 0), &steps, (Trigger::Placed, false, from)).unwrap();
    }
}

/// An extension rounds the tax of each piece that it cancels up, and two of them are of one rate.
#[test]
fn pieces_whose_taxes_are_rounded_one_by_one_are_credited_so() {
    let lines = || vec![Line::new(7_359, 4, 0, 0), Line::new(2_774, 4, 0, 0), Line::new(11_259, 6, 1, 0)];
    let step = |what: u8, much: [u32; 4]| Step { what, much, shipping: 0, adjust: (0, 0), is_read: true };
    let steps = [step(18, [0, 1, 1, 0]), step(18, [1, 0, 0, 0]), step(0, [1, 0, 0, 0]), step(9, [1, 0, 0, 0])];
    let mapping = default_mapping();
    for from in 0..5 {
        live(&mapping, Sale::place(lines(), 0), &steps, (Trigger::Placed, false, from)).unwrap();
    }
}

/// The fixed product tax of a piece has a rounded tax, and an invoice has five of six pieces.
#[test]
fn fixed_product_tax_of_some_pieces_is_taxed_by_the_piece() {
    let sale = Sale::place(vec![Line::new(1, 6, 0, 0).with(0, 794)], 0);
    let step = |much: u32| Step { what: 0, much: [much, 0, 0, 0], shipping: 0, adjust: (0, 0), is_read: true };
    live(&default_mapping(), sale, &[step(5), step(1)], (Trigger::Invoiced, false, 0)).unwrap();
}

#[test]
fn every_account_balances_in_the_end_and_all_the_time() {
    let lives: u32 = std::env::var("ML_LIVES").ok().and_then(|count| count.parse().ok()).unwrap_or(2_000);
    let config = Config { cases: lives, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let triggers = prop::sample::select(vec![Trigger::Placed, Trigger::Paid, Trigger::Invoiced, Trigger::Shipped]);
    let drawn = (sale(), prop::collection::vec(step(), 0..14), (triggers, any::<bool>(), 0usize..6));
    let (mapping, sums) = (default_mapping(), Cell::new((0u32, 0u32)));
    let result = runner.run(&drawn, |(order, steps, how)| {
        let (stands, asked) = live(&mapping, order, &steps, how)?;
        let (stood, letters) = sums.get();
        sums.set((stood + u32::from(stands), letters + u32::from(asked)));
        Ok(())
    });
    result.unwrap_or_else(|failed| panic!("{failed}"));
    let (stood, letters) = sums.get();
    println!("{lives} lives balance: something stands in {stood} of them; {letters} ended with CANCELLED_LESS");
    assert!(stood > lives / 3, "lives of which nothing is left prove little: {stood}");
    assert!(letters < lives / 50, "lives that end with a question prove little: {letters}");
}
