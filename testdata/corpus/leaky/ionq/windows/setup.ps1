$env:IONQ_API_KEY = "{{ionq-api-key high}}"
[Environment]::SetEnvironmentVariable("IONQ_API_TOKEN", "{{ionq-api-key high}}", "User")
setx IONQ_API_KEY {{ionq-api-key high}}
