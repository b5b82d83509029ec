package hygiene

import "slices"

// Pages of the providers on which the policies rest.
const (
	ionqKeys     = "https://docs.ionq.com/guides/managing-api-keys"
	ionqAccount  = "https://docs.ionq.com/user-manual"
	ionqMembers  = "https://docs.ionq.com/user-manual/organizations"
	ibmKeys      = "https://cloud.ibm.com/docs/account?topic=account-userapikey"
	ibmServices  = "https://cloud.ibm.com/docs/account?topic=account-serviceids"
	ibmInactive  = "https://cloud.ibm.com/docs/account?topic=account-id-inactive-identities"
	ibmUntrusted = "https://quantum.cloud.ibm.com/docs/guides/cloud-setup-untrusted"
	qbraidKeys   = "https://docs.qbraid.com/v2/account/api-keys"
	githubAPI    = "https://docs.github.com/en/rest/actions/secrets"
	githubAlerts = "https://docs.github.com/en/code-security/secret-scanning/managing-alerts-from-secret-scanning/resolving-alerts"
)

// Policies returns all policies, in the order of reports.
func Policies() []Policy {
	return slices.Concat(leaks(), whereabouts(), use(), ages(), rights(), names(), owners(), accounts(), stored(), secrets(), alerts())
}
