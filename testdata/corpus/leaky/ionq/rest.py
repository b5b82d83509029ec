import os
import requests

KEY = os.getenv("IONQ_API_KEY", "{{ionq-api-key high}}")
headers = {"Authorization": f"apiKey {{ionq-api-key high}}", "Content-Type": "application/json"}
requests.get("https://api.ionq.co/v0.4/jobs", headers=headers)
# requests.get("https://api.ionq.co/v0.4/whoami", headers={"Authorization": "apiKey {{ionq-api-key high}}"})
