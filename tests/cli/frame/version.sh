pare --version && pare version && pare -V
pare version --json
