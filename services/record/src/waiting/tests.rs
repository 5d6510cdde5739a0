use std::time::Duration;

use async_nats::HeaderMap;
use problem::Code;

use super::index::Due;
use super::*;
use crate::address::{Connection, Entity, System};
use crate::envelope;

fn invoice(key: &str) -> Address {
    Address::outcome(&Connection::new("main"), System::Visma, Entity::Invoice, key)
}

#[test]
fn what_waits_is_due_when_its_record_moves_or_its_time_has_come() {
    let index = Index::default();
    index.park(1, 10, &invoice("7"), 1_000);
    index.park(2, 11, &invoice("8"), 2_000);
    index.park(3, 12, &invoice("7"), 3_000);
    assert_eq!((index.next(999), index.next_time(), index.count()), (None, Some(1_000), 3));
    index.moved(&invoice("9"));
    assert_eq!(index.next(0), None);
    index.moved(&invoice("7"));
    index.moved(&invoice("7"));
    assert_eq!(index.next(0), Some(Due { own: 1, entry: 10 }));
    assert_eq!(index.next(0), Some(Due { own: 3, entry: 12 }));
    assert_eq!(index.next(1_500), None, "what is in hand is not due again");
    assert_eq!(index.next(2_000), Some(Due { own: 2, entry: 11 }));
}

#[test]
fn what_could_not_be_decided_is_taken_up_later_and_what_is_over_never() {
    let index = Index::default();
    index.park(1, 10, &invoice("7"), 1_000);
    assert!(index.next(1_000).is_some());
    index.decided(1, Some(5_000));
    assert_eq!((index.next(4_999), index.next(5_000)), (None, Some(Due { own: 1, entry: 10 })));
    index.over(1, 11);
    index.decided(1, Some(6_000));
    assert_eq!((index.next(9_000), index.count()), (None, 0));
    // What a slow view hears later is older than what is known.
    index.park(1, 20, &invoice("8"), 1_000);
    index.park(1, 10, &invoice("7"), 1_000);
    index.over(1, 11);
    index.moved(&invoice("7"));
    assert_eq!((index.next(0), index.count()), (None, 1));
}

#[test]
fn a_round_comes_by_all_that_wait() {
    let index = Index::default();
    for own in 1..=5 {
        index.park(own, own, &invoice("7"), 1_000);
    }
    let seen = |few| index.round(few).into_iter().map(|due| due.own).collect::<Vec<_>>();
    assert_eq!((seen(2), seen(2), seen(2)), (vec![1, 2], vec![3, 4], vec![5]));
    assert_eq!((seen(2), seen(9)), (vec![1, 2], vec![3, 4, 5]));
}

#[tokio::test(start_paused = true)]
async fn who_listens_hears_of_its_own_record_alone() {
    let movements = Movements::default();
    {
        let listening = movements.listen(&invoice("7"));
        let heard = listening.heard.notified();
        tokio::pin!(heard);
        heard.as_mut().enable();
        movements.moved(&invoice("8"));
        assert!(tokio::time::timeout(Duration::from_secs(1), heard.as_mut()).await.is_err());
        movements.moved(&invoice("7"));
        heard.await;
    }
    assert!(movements.in_hand.lock().unwrap().is_empty());
}

#[test]
fn an_entry_is_read_as_it_was_written() {
    let main = Connection::new("main");
    let waiting = Waiting {
        stage: "writer-visma".to_owned(),
        subject: "command.main.visma.payment.invoice-7.02".to_owned(),
        delivery: Address::parse("command.main.visma.payment.invoice-7.02").unwrap(),
        sequence: 12,
        delivered: 2,
        since: 1_000,
        on: invoice("7"),
        seen: 9,
        until: 2_000,
        why: "its invoice 100007 is not released yet – ø".to_owned(),
    };
    let mut headers = HeaderMap::new();
    waiting.write(&mut headers);
    let subject = list::place(&main, "writer-visma", &waiting.delivery);
    assert_eq!(subject, "waiting.main.writer-visma.visma.payment.invoice-7");
    assert_eq!(list::read(&subject, &headers), Ok(Some(waiting)));
    assert_eq!(list::read(&subject, &HeaderMap::new()), Ok(None), "it is over");
    envelope::set(&mut headers, "Ml-Until", "soon");
    let unread = list::read(&subject, &headers).expect_err("what cannot be read is not over");
    assert_eq!(unread.code, Code::OutcomeUnreadable);
    assert!(unread.sentence.contains(&subject), "{unread}");
}
