//! Every document of `tests/vectors`, delivered to a running instance as its index says, with the
//! outcome that the index demands. `harness::World` is the instance and the web around it;
//! `registry` sees that no vector is without a test.

mod harness;
mod keys;
mod registry;
mod watch;
mod web;

mod akkoma;
mod few;
mod gotosocial;
mod hostile;
mod hostile_bombs;
mod http;
mod mastodon;
mod mastodon_people;
mod mastodon_quotes;
mod misskey;
mod mutations;
mod objects_blogs;
mod objects_groups;
mod objects_media;
mod own_faults;
mod relay;
mod static_actor;
