-- One database for each service, owned by a role of its own; no role can enter another's.
-- Run once, when the cluster is empty; passwords come from the mounted secrets.
\set registration_password `cat /run/secrets/registration_database_password`
\set verification_password `cat /run/secrets/verification_database_password`
\set ems_gateway_password `cat /run/secrets/ems_gateway_database_password`

CREATE ROLE registration LOGIN PASSWORD :'registration_password';
CREATE ROLE verification LOGIN PASSWORD :'verification_password';
CREATE ROLE ems_gateway LOGIN PASSWORD :'ems_gateway_password';

CREATE DATABASE registration OWNER registration;
CREATE DATABASE verification OWNER verification;
CREATE DATABASE ems_gateway OWNER ems_gateway;

REVOKE CONNECT, TEMPORARY ON DATABASE registration FROM PUBLIC;
REVOKE CONNECT, TEMPORARY ON DATABASE verification FROM PUBLIC;
REVOKE CONNECT, TEMPORARY ON DATABASE ems_gateway FROM PUBLIC;
REVOKE CONNECT, TEMPORARY ON DATABASE postgres FROM PUBLIC;
