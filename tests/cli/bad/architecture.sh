mkdir m && cp "$SOURCE"/models/austen-3.7m/* m 2> /dev/null
sed 's/LlamaForCausalLM/PuddingForCausalLM/; s/"model_type": "llama"/"model_type": "pudding"/' "$SOURCE/models/austen-3.7m/config.json" > m/config.json
pare assess m
