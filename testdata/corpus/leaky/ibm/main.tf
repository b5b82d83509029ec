provider "ibm" {
  ibmcloud_api_key = "{{ibm-cloud-api-key high}}"
  region           = "us-east"
}
