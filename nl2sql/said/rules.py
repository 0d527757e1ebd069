"""Plans against the words of the question: what the words rule out is mended, where they leave but one thing that can be meant.

A rule only ever chooses another plan of the closed language; the text itself goes nowhere.
"""

from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import Query
from nl2sql.said.amounts import (
    all_of_them,
    at_its_best,
    bounded_average,
    in_total,
    of_both_parts,
    of_each,
    of_people,
    of_so_often,
    on_average,
    once_summed,
    paid_in_all,
    that_is_given,
    with_its_measure,
    without_bound_on_all,
)
from nl2sql.said.beginnings import as_flows_name_it, at_an_end
from nl2sql.said.columns import as_named, by_whom
from nl2sql.said.copies import of_only_one, that_many, where_copies_are
from nl2sql.said.dealings import only_where_said, who_deals
from nl2sql.said.directions import both_ways, made_of_both, the_right_way
from nl2sql.said.every import of_all, of_all_its_rows, of_both_values, of_every_such
from nl2sql.said.federated import (
    for_how_long,
    of_all_that_took_part,
    of_budget_spent,
    of_each_participant,
    of_federated_rounds,
    of_them_with_theirs,
    of_those_that_meet_it,
    until_it_was_met,
)
from nl2sql.said.flows import (
    as_it_is_made,
    at_depth,
    of_its_end,
    of_those_trained,
    of_training,
    still_of_training,
    trained_at_any_depth,
    with_them_included,
)
from nl2sql.said.ids import of_its_id, of_the_rule_named
from nl2sql.said.listed import (
    of_each_compared,
    of_each_listed,
    of_either,
    of_listed_values,
    passed_everything,
    with_what_is_listed,
    worse_than_that,
)
from nl2sql.said.lists import how_many_it_holds, of_so_many
from nl2sql.said.measured import of_its_metric
from nl2sql.said.newest import from_one_to_another, of_its_newest, of_what_was_measured, over_time
from nl2sql.said.none_of import never, not_one, of_some, only_ever, without_group
from nl2sql.said.noticed import by_what_noticed_it
from nl2sql.said.offers import at_a_price, at_hand, from_its_node, with_none_free
from nl2sql.said.others import but_not_another, other_such, than_another, than_its_rows
from nl2sql.said.owners import by_its_owner
from nl2sql.said.ranked import of_the_times, of_what_is_ranked, worst_of_all
from nl2sql.said.related import of_the_same_row, of_what_is_asked, with_those
from nl2sql.said.rounds import of_its_own_data, of_who_took_part
from nl2sql.said.shares import of_more_than_those, of_one_node, of_the_number_alone, within_each
from nl2sql.said.things import of_both_ends, of_kinds, of_known_things, of_no_node, of_whoever
from nl2sql.said.times import by_its_part, in_one_time, no_time_to_come, since_before, since_ever, when_it_happened
from nl2sql.said.values import (
    as_listed,
    in_its_state,
    nobody_knows,
    of_compared_groups,
    of_every,
    unlike_its_state,
    without_what_is_left_out,
)


def as_said(query: Query, linked: Linked) -> Query:
    """The query with what its words rule out mended."""
    for rule in RULES:
        query = rule(query, linked)
    return query


RULES = (
    *(other_such, than_another, than_its_rows, but_not_another, of_known_things, of_kinds, of_both_ends, of_no_node),
    *(of_its_id, of_the_rule_named, at_depth, of_its_end, the_right_way, both_ways, made_of_both, at_an_end, of_those_trained, of_training, still_of_training, trained_at_any_depth, with_them_included, as_it_is_made),
    *(of_its_own_data, of_who_took_part, of_those_that_meet_it, of_federated_rounds, of_all_that_took_part, of_them_with_theirs, of_each_participant, for_how_long, of_budget_spent, until_it_was_met),
    *(from_its_node, at_a_price, with_none_free, at_hand, by_its_owner),
    *(as_listed, in_its_state, unlike_its_state, nobody_knows, without_what_is_left_out, of_every, of_compared_groups),
    *(who_deals, only_where_said),
    *(worse_than_that, passed_everything, of_listed_values, of_each_listed, with_what_is_listed),
    *(where_copies_are, that_many, of_only_one, of_every_such, of_all, of_all_its_rows, of_both_values),
    *(without_group, of_whoever, only_ever, never, not_one, of_some, how_many_it_holds, of_so_many, of_so_often),
    *(of_more_than_those, of_the_number_alone, of_one_node, within_each),
    *(of_what_is_ranked, of_the_times, worst_of_all),
    *(of_what_was_measured, over_time, of_its_newest, from_one_to_another),
    *(when_it_happened, since_before, since_ever, in_one_time, no_time_to_come, by_its_part),
    *(in_total, with_its_measure, that_is_given, of_each, of_both_parts, of_each_compared, of_either, all_of_them),
    *(on_average, at_its_best, bounded_average, without_bound_on_all, of_people, paid_in_all, once_summed),
    *(as_flows_name_it, of_the_same_row, of_what_is_asked, with_those, as_named, by_whom, of_its_metric, by_what_noticed_it),
)
