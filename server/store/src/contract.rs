//! What every backend is held to: each case gets an empty database and checks one promise of the trait.
//!
//! A backend implements [`Backend`] in its tests and calls [`contract!`](crate::contract!) with an expression that
//! makes one; every case becomes a test of its own.

// What goes wrong in here fails a test, and should.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

pub mod access;
pub mod accounts;
pub mod audit;
pub mod directories;
pub mod documents;
pub mod factors;
pub mod links;
pub mod logs;
pub mod provider;
pub mod pushes;
pub mod quarantine;
pub mod records;
pub mod requests;
pub mod retention;
pub mod shared_devices;
pub mod snapshots;
pub mod world;

pub use world::{Author, Human, World};

use async_trait::async_trait;

use crate::SharedStore;

/// A database that can be opened, and opened again.
#[async_trait]
pub trait Backend: Send + Sync {
    /// Opens it; the first time it is empty.
    async fn open(&self) -> SharedStore;
}

/// Makes each case of the contract a test. `$backend` is evaluated once per case and must give a new
/// [`Backend`](contract::Backend).
#[macro_export]
macro_rules! contract {
    ($backend:expr) => {
        $crate::contract! { @cases $backend =>
            accounts {
                an_account_reads_back_and_can_be_changed
                an_address_is_the_same_in_whatever_case
                an_address_has_one_account
                a_key_is_one_device
                a_session_tells_of_its_device_and_account
                sessions_end_one_by_one_or_all_of_a_person
                a_challenge_works_once_and_not_after_its_time
                challenges_are_kept_for_their_address_and_of_each_the_newest
                a_dropped_transaction_leaves_no_trace
            }
            access {
                readers_are_told_to_readers
                access_has_a_beginning
                a_first_opening_is_noted_once
                many_openings_are_one_transaction
                what_access_depends_on_reads_back
                a_directory_keeps_conflicts_of_interest_apart
            }
            documents {
                a_document_is_born_with_its_genesis
                an_id_is_used_once
                grants_remember_what_was_once_allowed
                a_change_of_grants_says_whom_it_concerns
                a_destroyed_document_is_gone_and_stays_gone
                facts_follow_trajectory_and_referrals
                documents_are_found_by_trajectory_and_owner
            }
            factors {
                an_app_counts_once_it_is_confirmed
                a_step_is_used_once
                a_recovery_code_is_used_once_and_by_its_owner
                what_is_taken_away_is_told_until_it_is_known
                passkeys_are_kept_used_and_taken_away
            }
            logs {
                a_log_is_read_in_order_without_gaps
                a_place_that_the_log_does_not_hold_is_reset
                a_read_keeps_to_its_limits
                many_logs_are_read_at_once_each_with_its_own_answer
                a_stranger_learns_nothing_of_what_exists
                who_lost_access_is_told_that_it_is_gone
                a_revoked_device_reads_nothing
            }
            provider {
                a_sign_in_under_way_comes_back_once
                a_subject_is_known_by_its_issuer
                a_ticket_is_taken_once
                sessions_end_with_that_of_the_provider
                a_logout_token_is_taken_once
            }
            pushes {
                what_is_acknowledged_is_in_the_log
                the_chain_is_that_of_the_contract
                the_same_push_again_is_acknowledged_with_the_same_places
                one_bad_item_does_not_keep_the_others_out
                every_hash_is_answered_once
                concurrent_pushes_leave_no_gap_and_no_double
                a_push_builds_on_one_that_is_not_answered_yet
                a_reader_carries_what_a_writer_signed
                a_former_writer_is_still_an_author
                a_stranger_carries_nothing
                nothing_is_pushed_into_a_destroyed_document
                access_taken_away_between_two_pushes_stops_the_second
                a_revoked_device_carries_nothing_and_others_carry_what_it_signed
                what_was_acknowledged_survives_a_store_that_was_never_closed
                a_closed_store_refuses_in_words
            }
            quarantine {
                what_is_known_before_a_push_is_told_at_once
                who_carries_is_told_before_a_push
                what_has_not_been_decoded_is_not_stored
                what_is_void_keeps_its_place_and_nothing_builds_on_it
                a_suspended_device_is_told_as_none_that_writes
                a_destroyed_document_leaves_the_quarantine
            }
            snapshots {
                a_new_reader_is_served_the_snapshot_and_then_what_follows
                a_later_place_is_served_items_until_their_data_is_dropped
                a_snapshot_is_read_on_from_where_it_was_left
                a_newer_snapshot_takes_the_place_of_the_one_before
                who_may_not_read_is_served_no_snapshot
                a_destroyed_document_has_no_snapshot
                what_has_been_dropped_is_still_known
                a_snapshot_names_what_is_void
                a_snapshot_of_what_a_log_no_longer_is_is_not_kept
                a_snapshot_covers_only_what_has_been_tried
                a_trial_starts_from_the_snapshot
            }
            directories {
                an_employee_knows_the_advisers_and_the_coaches
                a_coach_knows_whom_she_was_referred_and_nobody_elses_referrals
                a_coach_who_declined_knows_nothing_more_of_it
                an_adviser_knows_every_trajectory
                a_trainer_knows_the_pool_and_no_trajectory
                an_administrator_knows_people_and_devices_and_no_documents
                every_author_of_a_readable_item_is_listed_departed_ones_too
                only_the_owner_of_a_device_is_told_its_name
                a_disabled_person_has_no_directory_and_no_roles_for_others
            }
            audit {
                rows_are_found_by_who_what_and_when
                a_log_that_was_written_is_sound
            }
            links {
                a_link_is_taken_once
                a_new_link_takes_the_place_of_the_one_before
                an_account_is_told_with_its_invitation_wish_and_devices
                a_session_in_use_says_when_its_device_was_here
                all_sessions_of_a_person_end_but_the_one_that_is_kept
            }
            requests {
                a_request_reads_back_and_can_be_settled
                who_is_asked_can_answer_anew
                a_request_is_known_to_who_made_it_who_oversees_it_and_who_is_asked
                what_is_settled_is_no_longer_told_to_who_was_only_asked
                a_request_about_a_trajectory_that_is_gone_has_lapsed
                what_there_is_about_a_person_is_told_without_content
                what_is_destroyed_or_about_others_is_not_told
                a_persons_devices_are_found
            }
            retention {
                a_clock_counts_from_the_closing
                a_draft_counts_from_when_it_was_last_seen_to_have_grown
                a_directory_tells_when_a_document_is_due
                what_is_destroyed_leaves_a_record_and_is_on_the_list
                what_is_rolled_back_is_not_on_the_list
                what_was_destroyed_before_there_was_a_list_is_put_on_it
                what_is_buried_is_gone_for_those_who_could_read_it
                only_sessions_of_revoked_devices_outlive_the_end_of_all
            }
            records {
                a_command_keeps_its_answer_per_person
                the_audit_log_is_a_chain
                a_setting_reads_back
            }
            shared_devices {
                a_shared_device_is_over_at_its_end_and_until_it_is_ended
                only_a_device_that_is_there_can_be_shared
            }
        }
    };
    (@cases $backend:expr => $($file:ident { $($case:ident)+ })+) => {
        $(
            mod $file {
                #[allow(unused_imports)]
                use super::*;
                $(
                    #[tokio::test]
                    async fn $case() {
                        $crate::contract::$file::$case(&$backend).await;
                    }
                )+
            }
        )+
    };
}
