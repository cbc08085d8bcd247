//! Reads, writes and slow work as handlers ask for them: nothing begins by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dassie::app::Attempt;

use crate::support::Instance;

#[test]
fn nothing_begins_before_it_is_waited_for() {
    let instance = Instance::start();
    let app = &instance.app;
    let begun = Arc::new(AtomicUsize::new(0));
    let begins = || {
        let begun = Arc::clone(&begun);
        move || begun.fetch_add(1, Ordering::SeqCst)
    };
    let (a, b, c, d, e) = (begins(), begins(), begins(), begins(), begins());
    actix_web::rt::System::new().block_on(async {
        let read = app.read(move |_| Ok(a()));
        let few = app.read_few(move |_| Ok(b()));
        let write = app.write(move |_| Ok(c()));
        let compute = app.compute(d);
        // writes go in their order, and what has a thread of its own has had the time
        app.write(|_| Ok(())).await.unwrap();
        app.compute(|| ()).await.unwrap();
        assert_eq!(begun.load(Ordering::SeqCst), 0);
        assert_eq!((read.await.unwrap(), few.await.unwrap()), (0, 1));
        assert_eq!((write.await.unwrap(), compute.await.unwrap()), (2, 3));
        // during a pause the password is not even looked at (S-068)
        let address = [127, 0, 0, 1].into();
        for _ in 0..11 {
            app.attempt("ann", address, async { Ok(None::<()>) }).await.unwrap();
        }
        let check = app.compute(move || Some(e()));
        let tried = app.attempt("ann", address, check).await.unwrap();
        assert!(matches!(tried, Attempt::Wait(_)), "{tried:?}");
        assert_eq!(begun.load(Ordering::SeqCst), 4);
    });
}
