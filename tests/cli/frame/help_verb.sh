pare help completion
[ "$(pare help completion)" = "$(pare completion --help)" ]
