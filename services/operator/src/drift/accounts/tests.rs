use super::*;

fn amount(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn sold(left: &str) -> Sold {
    let account = |total| Account { total: amount(total), vat: None };
    Sold {
        increment_id: "000000031".to_owned(),
        currency: "NOK".to_owned(),
        whole: account(left),
        invoiced: account("0"),
        sequence: 1,
        at: 1,
    }
}

fn booked(entity: Entity, key: &str, number: &str, total: &str) -> Booked {
    Booked {
        number: number.to_owned(),
        stands: true,
        prediction: Ok(Some(visma::compare::Booked { total: amount(total), ..visma::compare::Booked::default() })),
        ..Booked::new(entity, key.to_owned())
    }
}

fn told(left: &str, documents: &[Booked], held: &[Held]) -> Option<String> {
    let accounts = Accounts {
        orders: BTreeMap::from([("47".to_owned(), sold(left))]),
        records: BTreeMap::from([(
            "47".to_owned(),
            documents.iter().map(|one| ((one.entity, one.key.clone()), 1)).collect(),
        )]),
        waiting: BTreeSet::new(),
        past: [1, 1],
        parked: BTreeSet::new(),
        until: 1,
    };
    let mut drifts = accounts.unbalanced(documents, held);
    assert!(drifts.len() < 2, "{drifts:?}");
    // While anything is under way nothing is said.
    let waiting = || BTreeSet::from(["47".to_owned()]);
    let parked = BTreeSet::from([(Kind::Command, 1)]);
    for (past, until, waiting, parked) in [
        ([0, 1], 1, BTreeSet::new(), BTreeSet::new()),
        ([1, 0], 1, BTreeSet::new(), BTreeSet::new()),
        ([1, 1], 0, BTreeSet::new(), BTreeSet::new()),
        ([1, 1], 1, waiting(), BTreeSet::new()),
        ([1, 1], 1, BTreeSet::new(), parked),
    ] {
        let (orders, records) = (accounts.orders.clone(), accounts.records.clone());
        let under_way = Accounts { orders, records, past, until, waiting, parked };
        assert_eq!(under_way.unbalanced(documents, held), []);
    }
    drifts.pop().map(|drift| drift.sentence)
}

#[test]
fn an_account_that_balances_is_silent_and_one_that_does_not_names_both_amounts_and_the_documents() {
    let invoice = booked(Entity::Invoice, "47", "100001", "3283.15");
    let memo = booked(Entity::CreditNote, "30", "200001", "597.75");
    let rest = booked(Entity::CreditNote, "cancellation-47", "200002", "2685.40");
    let all = [invoice.clone(), memo.clone(), rest];
    assert_eq!(told("0", &all, &[]), None);
    let whole = booked(Entity::CreditNote, "cancellation-47", "200002", "3283.15");
    let sentence = told("0", &[invoice.clone(), memo, whole], &[]).unwrap();
    for part in ["-597.75 NOK stand", "0 NOK are left", "000000031", "invoice 100001 over 3283.15", "200002"] {
        assert!(sentence.contains(part), "{sentence}");
    }
    // As Visma shows it now, and what is gone there stands no longer.
    let seen = |gone, total: &str| Held {
        is_gone: gone,
        shown: Some(Shown { totals: Some((amount(total), amount(total))), ..Shown::default() }),
        ..Held::new(Entity::Invoice, "100001")
    };
    assert_eq!(told("3283.15", std::slice::from_ref(&invoice), &[seen(false, "3283.1500")]), None);
    assert!(
        told("3283.15", std::slice::from_ref(&invoice), &[seen(false, "3000")]).unwrap().contains("3000 NOK stand")
    );
    assert!(told("3283.15", &[invoice], &[seen(true, "3283.15")]).unwrap().contains("0 NOK stand"));
}

#[test]
fn a_credit_memo_of_an_order_that_is_not_ours_is_no_account() {
    assert_eq!(told("100", &[booked(Entity::CreditNote, "30", "200001", "10")], &[]), None);
    assert_eq!(told("100", &[], &[]), None);
}
