//! Several companies in one installation: each booked by itself, whatever becomes of the others.

mod house;
mod provision;
mod stores;

use std::time::{Duration, Instant};

use crate::bad_input::order::order;
use house::Companies;

const PATIENCE: Duration = Duration::from_secs(90);
const SERVICES: [&str; 5] = ["ingestor-commerce", "ingestor-visma", "mapper", "writer-visma", "writer-commerce"];

/// Five companies, of which three are broken in different ways: the two others book, and say who is not ready and why.
/// Then a question is answered, a company is added and another one removed, while everything runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_healthy_are_booked_whatever_the_others_are() {
    let mut house = Companies::prepare(&["no", "se", "secret", "question", "down"]).await;
    house.set("secret", "visma.client_secret = \"wrong\"\n");
    house.question("question");
    house.kill("down");
    house.start().await;
    for company in ["no", "se"] {
        for number in 1..=3 {
            house.sandbox(company).store(&order(number)).await;
        }
        house.until_booked(company, 3).await;
    }
    // A process is ready while one of its connections is, and says which are not.
    house.until_said("writer-visma", "", &["ready\n", "secret: company: ", "down: company: "]).await;
    house.until_said("mapper", "", &["ready\n", "question: connection: MAPPING_UNANSWERED", "`? shipping`"]).await;
    house.until_said("mapper", "?connection=question", &["not ready\n", "MAPPING_UNANSWERED"]).await;
    house.until_said("mapper", "?connection=se", &["ready\n"]).await;
    assert_eq!(house.said("mapper", "?connection=nobody").await.0, 404);
    let health = async |arguments: &[&str]| house.inner.verb(&[&["health", "mapper"], arguments].concat(), &[]).await;
    let (code, said, _) = health(&[]).await;
    assert!(code == Some(1) && said.contains("question") && said.contains("no         ready\n"), "{said}");
    assert_eq!(health(&["--connection", "no", "--connection", "se"]).await.0, Some(0));
    assert_eq!(health(&["--connection", "question"]).await.0, Some(1));
    // Figures and log lines say whose they are.
    assert!(house.inner.figure("writer-visma", "ml_done_total", "connection=\"se\"").await >= 3.0);
    assert_eq!(house.inner.figure("mapper", "ml_ready", "connection=\"question\"").await, 0.0);
    assert_eq!(house.inner.figure("mapper", "ml_ready", "connection=\"no\"").await, 1.0);
    assert!(house.log("writer-visma").contains("connection{connection=secret}"), "{}", house.inner.logs());

    // The question is answered: nobody has to start anything again.
    house.sandbox("question").store(&order(1)).await;
    house.answer("question");
    house.until_booked("question", 1).await;

    // Settings that cannot be read leave everything as it is, and are told.
    house.set("no", "visma.tennant_id = \"x\"\n");
    house.until_said("mapper", "?connection=no", &["ready\n", "SETTINGS_INVALID", "tenant_id"]).await;
    house.sandbox("no").store(&order(4)).await;
    house.until_booked("no", 4).await;
    house.set("no", "");

    // One is added. Until its consumers are made it is not ready, and then it works.
    house.add("dk").await;
    house.until_said("mapper", "?connection=dk", &["not ready\n", "BROKER_NOT_PROVISIONED", "mapper-dk"]).await;
    house.inner.installation.provision().await.unwrap();
    house.sandbox("dk").store(&order(1)).await;
    house.until_booked("dk", 1).await;

    // One is removed: its work ends, and nothing of it is.
    house.remove("se");
    for service in SERVICES {
        house.until_status(service, "?connection=se", 404).await;
    }
    house.sandbox("se").store(&order(4)).await;
    house.sandbox("dk").store(&order(2)).await;
    house.until_booked("dk", 2).await;
    house.until_booked("se", 3).await;
    assert!(house.consumers("CHANGES").await.contains(&"mapper-se".to_owned()));
}

/// A verb that works on one connection asks for it when there are several, and lists say whose each line is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verbs_ask_for_the_connection_when_there_are_several() {
    let mut house = Companies::prepare(&["no", "se"]).await;
    house.start().await;
    let verb = async |arguments: &[&str]| house.inner.verb(arguments, &[]).await;
    for arguments in [&["poll", "list"][..], &["drift"], &["credentials", "list"], &["ping"]] {
        let (code, said, talk) = verb(arguments).await;
        assert!(code != Some(0) && talk.contains("CONNECTION_NOT_NAMED") && talk.contains("no, se"), "{said}{talk}");
        let named = [arguments, &["--connection", "se"]].concat();
        let (code, said, talk) = verb(&named).await;
        assert_eq!(code, Some(0), "{arguments:?}: {said}{talk}");
    }
    let (code, _, talk) = verb(&["drift", "--connection", "so"]).await;
    assert!(code == Some(2) && talk.contains("CONNECTION_UNKNOWN") && talk.contains("no, se"), "{talk}");
    // One that cannot be booked, in each.
    for company in ["no", "se"] {
        let mut wrong = order(7);
        wrong["order_currency_code"] = "XXX".into();
        house.sandbox(company).store(&wrong).await;
    }
    let started = Instant::now();
    loop {
        let (_, said, _) = verb(&["dead-letters", "--json"]).await;
        let of = |name: &str| said.lines().filter(|line| line.contains(&format!("\"connection\":\"{name}\""))).count();
        if of("no") == 1 && of("se") == 1 {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{said}\n{}", house.inner.logs());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let (_, said, _) = verb(&["dead-letters", "--json", "--connection", "no"]).await;
    assert_eq!(said.lines().count(), 1, "{said}");
    for arguments in [&["waiting"][..], &["capacity"], &["budget", "show"], &["config"], &["rights"]] {
        let (code, said, talk) = verb(arguments).await;
        assert_eq!(code, Some(0), "{arguments:?}: {said}{talk}");
    }
    let (_, said, _) = verb(&["config", "--connection", "se"]).await;
    let config: toml::Table = said.parse().unwrap();
    assert_eq!(config["visma"]["base_url"].as_str(), Some(format!("http://{}", house.sandbox("se").visma).as_str()));
}
