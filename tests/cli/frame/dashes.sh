# after -- nothing is an option
pare help -- --man
