//! Consumers of several connections on one broker: each keeps its own, and one of an older version is not taken over.

use async_nats::jetstream::consumer::{Consumer, pull};
use ml_connector::stand::nats::PASSWORD;

use super::house::Companies;
use crate::house::{House, Wishes, rights};

async fn filter(house: &House, name: &str) -> String {
    let consumer: Consumer<pull::Config> =
        house.jetstream().await.get_consumer_from_stream(name, "CHANGES").await.unwrap();
    consumer.cached_info().config.filter_subject.clone()
}

#[tokio::test]
async fn two_connections_on_one_broker_keep_their_consumers() {
    let house = Companies::prepare(&["main", "se"]).await;
    house.inner.installation.provision().await.unwrap();
    assert_eq!(filter(&house.inner, "mapper").await, "change.main.>");
    assert_eq!(filter(&house.inner, "mapper-se").await, "change.se.>");
    house.inner.installation.provision().await.unwrap();
    assert_eq!(house.consumers("CHANGES").await, ["mapper", "mapper-se"]);
    assert_eq!(
        house.consumers("COMMANDS").await,
        ["writer-commerce", "writer-commerce-se", "writer-visma", "writer-visma-se"]
    );
    // One that is no longer in the settings keeps what it has.
    house.remove("se");
    house.inner.installation.provision().await.unwrap();
    assert_eq!(house.consumers("CHANGES").await, ["mapper", "mapper-se"]);
}

/// An installation of an older version whose one connection has another name: its consumers have the bare names.
#[tokio::test]
async fn a_consumer_of_an_older_version_is_gone_on_from_and_not_taken_over() {
    let house = House::prepare(Wishes::default()).await;
    let jetstream = house.jetstream().await;
    let stream = jetstream.get_stream("CHANGES").await.unwrap();
    let mut old: pull::Config = {
        let consumer: Consumer<pull::Config> = stream.get_consumer("mapper").await.unwrap();
        let config = consumer.cached_info().config.clone();
        pull::Config {
            durable_name: config.durable_name,
            priority_policy: config.priority_policy,
            priority_groups: config.priority_groups,
            ..pull::Config::default()
        }
    };
    stream.delete_consumer("mapper").await.unwrap();
    old.filter_subject = "change.shop.>".to_owned();
    old.priority_policy = async_nats::jetstream::consumer::PriorityPolicy::None;
    old.priority_groups = Vec::new();
    let consumer = stream.create_consumer(old).await.unwrap();
    for number in 1..=5 {
        let subject = format!("change.shop.commerce.order.{number}");
        jetstream.publish(subject, "{}".into()).await.unwrap().await.unwrap();
    }
    // Three of them were taken.
    use futures::StreamExt as _;
    let mut taken = consumer.fetch().max_messages(3).messages().await.unwrap();
    while let Some(message) = taken.next().await {
        message.unwrap().double_ack().await.unwrap();
    }
    // It is another connection's: nobody takes it.
    let (code, _, talk) = house.verb(&["provision"], &[]).await;
    assert!(code == Some(78) && talk.contains("BROKER_PROVISION") && talk.contains("change.shop.>"), "{talk}");
    assert_eq!(filter(&house, "mapper").await, "change.shop.>");
    for _ in 0..2 {
        let (code, said, talk) = house.verb(&["provision"], &[("ML__CONNECTION", "shop")]).await;
        assert_eq!(code, Some(0), "{said}{talk}");
        let made: Consumer<pull::Config> = stream.get_consumer("mapper-shop").await.unwrap();
        assert_eq!(made.cached_info().num_pending, 2, "{said}");
    }
}

/// With the rights that are printed for two connections, each service reaches the consumers of its own alone.
#[tokio::test]
async fn a_consumer_of_one_connection_is_for_its_service_alone() {
    let house = House::prepare(Wishes { broker: Some(rights(&["main", "se"])), ..Wishes::default() }).await;
    let mut wrong = Vec::new();
    for (subject, may) in [
        ("$JS.API.CONSUMER.MSG.NEXT.CHANGES.mapper-se", "mapper"),
        ("$JS.API.CONSUMER.MSG.NEXT.COMMANDS.writer-visma-se", "writer-visma"),
        ("$JS.API.CONSUMER.MSG.NEXT.COMMANDS.writer-commerce-se", "writer-commerce"),
        ("$JS.API.CONSUMER.MSG.NEXT.HINTS.ingestor-commerce-se", "ingestor-commerce"),
        ("$JS.API.CONSUMER.CREATE.CHANGES.mapper-se.change.se.>", "provision"),
        ("$JS.API.CONSUMER.DELETE.CHANGES.mapper-se", ""),
        ("$JS.ACK.CHANGES.mapper-se.1.1.1.1.0", "mapper"),
        ("$JS.ACK.COMMANDS.writer-visma-se.1.1.1.1.0", "writer-visma"),
        ("$JS.API.CONSUMER.MSG.NEXT.CHANGES.mapper", "mapper"),
    ] {
        for user in [
            "provision",
            "ingestor-commerce",
            "ingestor-visma",
            "mapper",
            "writer-visma",
            "writer-commerce",
            "operator",
        ] {
            let mut wire = crate::broker::rights::Wire::to(&house, user).await;
            if wire.may(&format!("PUB {subject} 2\r\n{{}}\r\n")).await != (user == may) {
                wrong.push(format!("{user}: {subject}"));
            }
        }
    }
    assert!(wrong.is_empty() && !PASSWORD.is_empty(), "{wrong:#?}");
}
