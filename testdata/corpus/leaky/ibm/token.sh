#!/bin/sh
curl -X POST https://iam.cloud.ibm.com/identity/token \
  -H 'Content-Type: application/x-www-form-urlencoded' \
  -d 'grant_type=urn:ibm:params:oauth:grant-type:apikey&apikey={{ibm-cloud-api-key high}}'
curl -d 'apikey={{ibm-cloud-api-key high}}&grant_type=urn:ibm:params:oauth:grant-type:apikey' https://iam.cloud.ibm.com/identity/token
curl -H 'IAM-ApiKey: {{ibm-cloud-api-key high}}' https://iam.cloud.ibm.com/v1/apikeys/details
ibmcloud login --apikey {{ibm-cloud-api-key high}} -r us-east
ibmcloud login -a https://cloud.ibm.com --apikey "{{ibm-cloud-api-key high}}" --no-region
