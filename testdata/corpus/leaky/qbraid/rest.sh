curl -H "X-API-Key: {{qbraid-api-key high}}" https://api-v2.qbraid.com/api/v1/jobs
curl -H "Authorization: Bearer {{qbraid-access-token high}}" https://api-v2.qbraid.com/api/v1/users/verify
qbraid configure set api-key {{qbraid-api-key high}}
export QBRAID_API_KEY={{qbraid-legacy-key high}}
