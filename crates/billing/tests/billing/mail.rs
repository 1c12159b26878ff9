//! Mails are sent by one sender at a time, tried again with growing pauses, and given up.

use crate::*;
use plaza_billing::mail::{self, ATTEMPTS_MAX, Attachment, Mail, TAKEN_FOR};
use plaza_protocol::InvoiceId;

async fn take(world: &World) -> Vec<mail::DueMail> {
    world.with(async |ctx: &Ctx, tx: &mut Tx| mail::take_due(ctx, tx, 10).await).await.unwrap()
}

#[tokio::test]
async fn a_mail_is_taken_by_one_sender_and_by_another_if_that_one_dies() {
    each_world(async |world| {
        let letter = Mail {
            to: "a@b.example".to_owned(),
            subject: "two\r\nlines".to_owned(),
            body_text: "text".to_owned(),
            body_html: Some("<p>text</p>".to_owned()),
            attachments: vec![Attachment::Invoice(InvoiceId(uuid::Uuid::from_u64_pair(1, 2)))],
        };
        let sent = letter.clone();
        world.with(async move |ctx: &Ctx, tx: &mut Tx| mail::enqueue(ctx, tx, &sent).await).await.unwrap();
        let due = take(&world).await;
        assert_eq!(due[0].mail, Mail { subject: "two  lines".to_owned(), ..letter });
        assert!(take(&world).await.is_empty());
        world.clock.advance(TAKEN_FOR);
        let due = take(&world).await.remove(0);
        world.with(async move |ctx: &Ctx, tx: &mut Tx| mail::sent(ctx, tx, due.mail_id).await).await.unwrap();
        world.clock.advance(DAY);
        assert!(take(&world).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_mail_that_fails_waits_longer_each_time_and_is_given_up() {
    each_world(async |world| {
        let letter = Mail {
            to: "a@b.example".to_owned(),
            subject: "s".to_owned(),
            body_text: "t".to_owned(),
            body_html: None,
            attachments: vec![],
        };
        world.with(async move |ctx: &Ctx, tx: &mut Tx| mail::enqueue(ctx, tx, &letter).await).await.unwrap();
        let mut pauses = Vec::new();
        for _ in 0..ATTEMPTS_MAX {
            let mut waited = 0;
            let due = loop {
                match take(&world).await.pop() {
                    Some(due) => break due,
                    None => {
                        world.clock.advance(Duration::from_secs(60));
                        waited += 1;
                    }
                }
            };
            pauses.push(waited);
            let fail =
                async move |ctx: &Ctx, tx: &mut Tx| mail::failed(ctx, tx, &due, "no route", false).await;
            world.with(fail).await.unwrap();
        }
        assert_eq!(pauses, [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 720]);
        world.clock.advance(DAY * 9);
        assert!(take(&world).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_mail_that_waited_too_long_is_not_sent_any_more() {
    each_world(async |world| {
        let write = async |subject: &str| {
            let letter = Mail {
                to: "a@b.example".to_owned(),
                subject: subject.to_owned(),
                body_text: "t".to_owned(),
                body_html: None,
                attachments: vec![],
            };
            world
                .with(async move |ctx: &Ctx, tx: &mut Tx| mail::enqueue(ctx, tx, &letter).await)
                .await
                .unwrap();
        };
        write("of long ago").await;
        world.clock.advance(mail::AGE_MAX);
        write("of today").await;
        world.clock.advance(Duration::from_micros(1));
        let subjects: Vec<String> = take(&world).await.into_iter().map(|due| due.mail.subject).collect();
        assert_eq!(subjects, ["of today"]);
        let states = world.with(async |ctx: &Ctx, tx: &mut Tx| mail::outbox(ctx, tx).await).await.unwrap();
        let states: Vec<_> = states.iter().map(|state| (state.state.as_str(), state.mails)).collect();
        assert_eq!(states, [("taken", 1), ("too_old", 1)]);
    })
    .await;
}
