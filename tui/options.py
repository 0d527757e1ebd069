"""Options that many verbs have in the same words."""

import click

token_option = click.option("--token", envvar="STEWARD_TOKEN", help="Proves who asks; none is anonymous.  [env: STEWARD_TOKEN]")
json_option = click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
