"""Which expectations of Great Expectations no check of ours asks, and why."""

from collections.abc import Mapping

DISTRIBUTION = "a test of one column against a distribution that is written down: drift compares with a table"
UNSAID: Mapping[str, str] = {
    "expect_column_chisquare_test_p_value_to_be_greater_than": DISTRIBUTION,
    "expect_column_kl_divergence_to_be_less_than": DISTRIBUTION,
    "expect_column_parameterized_distribution_ks_test_p_value_to_be_greater_than": DISTRIBUTION,
    "test_expect_column_bootstrapped_ks_test_p_value_to_be_greater_than": DISTRIBUTION,
    "expect_column_most_common_value_to_be_in_set": "the most common value: ties have no one answer",
    "expect_column_pair_cramers_phi_value_to_be_less_than": "the association of two columns",
    "expect_column_values_to_be_dateutil_parseable": "text that a Python library reads: no engine reads as it does",
    "expect_column_values_to_match_json_schema": "a schema of JSON inside a column",
    "expect_table_row_count_to_equal_other_table": "the rows of another table counted: data.parity compares them by id",
}
