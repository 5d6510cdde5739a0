use super::{Crowd, Full, Limits};

const LIMITS: Limits = Limits { connections: 4, from_one: 3, bodies: 1000 };

fn peer(last: u8) -> std::net::SocketAddr {
    ([10, 0, 0, last], 1000 + u16::from(last)).into()
}

#[tokio::test(start_paused = true)]
async fn whoever_has_waited_longest_gives_way() {
    let crowd = Crowd::new(LIMITS);
    let first = crowd.enter(peer(1)).unwrap();
    let other = crowd.enter(peer(2)).unwrap();
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    let more = [crowd.enter(peer(1)).unwrap(), crowd.enter(peer(1)).unwrap()];
    // One address has its share: its own longest goes, not that of another.
    let last = crowd.enter(peer(1)).unwrap();
    assert!(first.leave.is_cancelled() && !other.leave.is_cancelled());
    // The house is full: it goes from the address that has most.
    let third = crowd.enter(peer(3)).unwrap();
    assert!(more[0].leave.is_cancelled() && !more[1].leave.is_cancelled());
    drop((last, third, more));
    assert_eq!(crowd.here().guests.len(), 1);
    drop((first, other));
    assert_eq!(crowd.here().guests.len(), 0);
    assert_eq!(crowd.here().held, 0);
}

#[tokio::test(start_paused = true)]
async fn a_whole_webhook_gives_way_to_nobody_until_it_is_answered() {
    let crowd = Crowd::new(LIMITS);
    let guests: Vec<_> = (1..=4).map(|last| crowd.enter(peer(last)).unwrap()).collect();
    let bodies: Vec<_> = guests.iter().map(|guest| guest.body()).collect();
    bodies.iter().for_each(super::Held::is_whole);
    assert_eq!(crowd.enter(peer(5)).unwrap_err(), Full);
    drop(bodies);
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    let newer = guests[0].body();
    drop(newer);
    let _fifth = crowd.enter(peer(5)).unwrap();
    assert!(!guests[0].leave.is_cancelled(), "it has just brought one");
    assert_eq!(guests.iter().filter(|guest| guest.leave.is_cancelled()).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_takes_most_memory_gives_way() {
    let crowd = Crowd::new(LIMITS);
    let [large, small, whole] = [1, 2, 3].map(|last| crowd.enter(peer(last)).unwrap());
    let (mut large_body, mut small_body, mut whole_body) = (large.body(), small.body(), whole.body());
    whole_body.take(500).unwrap();
    whole_body.is_whole();
    large_body.take(400).unwrap();
    small_body.take(150).unwrap();
    assert!(large.leave.is_cancelled() && !small.leave.is_cancelled() && !whole.leave.is_cancelled());
    assert_eq!(crowd.here().held, 650);
    assert_eq!(large_body.take(1), Err(Full), "who was sent away takes nothing more");
    assert_eq!(small_body.take(400), Err(Full), "nobody takes more than it");
    drop((large_body, small_body, whole_body));
    assert_eq!(crowd.here().held, 0);
}

#[test]
fn one_customers_network_is_one_address() {
    let group = |text: &str| super::group(text.parse().unwrap()).to_string();
    assert_eq!(group("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    assert_eq!(group("::ffff:10.1.2.3"), "10.1.2.3");
}
