export PATH="$HOME/bin:$PATH"
export IONQ_API_KEY="{{ionq-api-key high}}"
alias q=python
