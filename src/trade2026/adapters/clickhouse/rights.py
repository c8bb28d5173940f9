"""What the embedded engine may do, in its own words: two files that it reads at its start.

Whoever asks, the engine's one user may use the tables of one database, and no file, address,
foreign engine, dictionary or function of its own. Its limits are ceilings that no query lifts,
and the settings that name files cannot be set. It writes no log of its own and tells nobody
anything.

Source: ClickHouse documentation, "Server settings", "Users and roles settings", "Constraints
on settings".
"""

from typing import Final

DATABASE: Final = "trade2026"
CONFIG_FILE: Final = "config.xml"
USERS_FILE: Final = "users.xml"
FILES_FOLDER: Final = "nothing"
"""Stays empty: where the engine would look for files of users."""

MEMORY_MAX: Final = 768_000_000
QUERY_MEMORY_MAX: Final = 384_000_000
RESULT_BYTES_MAX: Final = 128_000_000
QUERY_S: Final = 20
QUERY_S_MAX: Final = 60

_GRANTS: Final = (
    f"GRANT SHOW, SELECT, INSERT, TRUNCATE, OPTIMIZE ON {DATABASE}.*",
    f"GRANT CREATE TABLE, CREATE VIEW, DROP TABLE, DROP VIEW, CREATE DATABASE ON {DATABASE}.*",
    f"GRANT ALTER COLUMN, ALTER INDEX, ALTER TTL, ALTER DELETE, ALTER UPDATE ON {DATABASE}.*",
    *(
        f"GRANT TABLE ENGINE ON {engine}"
        for engine in (
            *("MergeTree", "ReplacingMergeTree", "SummingMergeTree", "AggregatingMergeTree"),
            "Memory",
        )
    ),
)
_FIXED: Final = (
    *("format_schema", "format_schema_source", "format_template_row"),
    *("format_template_row_format", "format_template_resultset"),
    *("format_template_resultset_format", "max_result_bytes", "result_overflow_mode"),
    *("database_atomic_wait_for_drop_and_detach_synchronously", "dialect"),
    *("allow_introspection_functions", "max_execution_speed", "timeout_overflow_mode"),
)


def config_xml() -> str:
    """Return what the engine reads of itself. Its paths are relative to its folder."""
    return f"""\
<clickhouse>
  <logger><level>none</level></logger>
  <send_crash_reports><enabled>false</enabled></send_crash_reports>
  <timezone>UTC</timezone>
  <users_config>{USERS_FILE}</users_config>
  <user_files_path>{FILES_FOLDER}/</user_files_path>
  <format_schema_path>{FILES_FOLDER}/</format_schema_path>
  <max_server_memory_usage>{MEMORY_MAX}</max_server_memory_usage>
  <mark_cache_size>33554432</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <merge_tree>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
</clickhouse>
"""


def users_xml() -> str:
    """Return the rights and limits of the engine's one user."""
    fixed = "".join(f"<{name}><readonly/></{name}>" for name in _FIXED)
    grants = "".join(f"<query>{grant}</query>" for grant in _GRANTS)
    return f"""\
<clickhouse>
  <profiles><default>
    <max_threads>2</max_threads>
    <max_memory_usage>{QUERY_MEMORY_MAX}</max_memory_usage>
    <max_execution_time>{QUERY_S}</max_execution_time>
    <max_result_bytes>{RESULT_BYTES_MAX}</max_result_bytes>
    <log_queries>0</log_queries>
    <constraints>
      <max_threads><max>4</max></max_threads>
      <max_memory_usage><min>1000000</min><max>{QUERY_MEMORY_MAX}</max></max_memory_usage>
      <max_execution_time><min>0.001</min><max>{QUERY_S_MAX}</max></max_execution_time>
      {fixed}
    </constraints>
  </default></profiles>
  <users><default>
    <password></password>
    <networks><ip>::/0</ip></networks>
    <profile>default</profile>
    <quota>default</quota>
    <grants>{grants}</grants>
  </default></users>
  <quotas><default/></quotas>
</clickhouse>
"""
