//! Every document of `tests/vectors`, delivered to a running instance as its index says, with the
//! outcome that the index demands. `harness::World` is the instance and the web around it;
//! `registry` sees that no vector is without a test.

mod harness;
mod registry;
mod web;

mod mastodon;
