const map = "https://maps.example.com/api/js?key=AIza{{B64URL35}}";
const elastic = { headers: { Authorization: "ApiKey {{B64_60}}==" } };
const md5 = "{{HEX32}}";
const wallet = "{{ALNUM44}}";
const session_id = "{{ALNUM32}}";
