-- The part of Pagila (the DVD rental of PostgreSQL's and MySQL's manuals) in which people stand: its tables with their columns, types and
-- keys as pagila-schema.sql has them, payments partitioned by month with foreign keys of each partition. Left out: films but for
-- their titles, views, functions. The people are made up.
CREATE TABLE country (country_id serial PRIMARY KEY, country text NOT NULL, last_update timestamptz DEFAULT now() NOT NULL);
CREATE TABLE city (city_id serial PRIMARY KEY, city text NOT NULL, country_id integer NOT NULL REFERENCES country ON UPDATE CASCADE ON DELETE RESTRICT,
  last_update timestamptz DEFAULT now() NOT NULL);
CREATE TABLE address (address_id serial PRIMARY KEY, address text NOT NULL, address2 text, district text NOT NULL,
  city_id integer NOT NULL REFERENCES city ON UPDATE CASCADE ON DELETE RESTRICT, postal_code text, phone text NOT NULL,
  last_update timestamptz DEFAULT now() NOT NULL);
CREATE TABLE store (store_id serial PRIMARY KEY, manager_staff_id integer NOT NULL UNIQUE,
  address_id integer NOT NULL REFERENCES address ON UPDATE CASCADE ON DELETE RESTRICT, last_update timestamptz DEFAULT now() NOT NULL);
CREATE TABLE staff (staff_id serial PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL,
  address_id integer NOT NULL REFERENCES address ON UPDATE CASCADE ON DELETE RESTRICT, email text, store_id integer NOT NULL REFERENCES store,
  active boolean DEFAULT true NOT NULL, username text NOT NULL, password text, last_update timestamptz DEFAULT now() NOT NULL, picture bytea);
CREATE TABLE customer (customer_id serial PRIMARY KEY, store_id integer NOT NULL REFERENCES store ON UPDATE CASCADE ON DELETE RESTRICT,
  first_name text NOT NULL, last_name text NOT NULL, email text, address_id integer NOT NULL REFERENCES address ON UPDATE CASCADE ON DELETE RESTRICT,
  activebool boolean DEFAULT true NOT NULL, create_date date DEFAULT CURRENT_DATE NOT NULL, last_update timestamptz DEFAULT now(), active integer);
CREATE TABLE film (film_id serial PRIMARY KEY, title text NOT NULL);
CREATE TABLE inventory (inventory_id serial PRIMARY KEY, film_id integer NOT NULL REFERENCES film ON UPDATE CASCADE ON DELETE RESTRICT,
  store_id integer NOT NULL REFERENCES store ON UPDATE CASCADE ON DELETE RESTRICT, last_update timestamptz DEFAULT now() NOT NULL);
CREATE TABLE rental (rental_id serial PRIMARY KEY, rental_date timestamptz NOT NULL,
  inventory_id integer NOT NULL REFERENCES inventory ON UPDATE CASCADE ON DELETE RESTRICT,
  customer_id integer NOT NULL REFERENCES customer ON UPDATE CASCADE ON DELETE RESTRICT, return_date timestamptz,
  staff_id integer NOT NULL REFERENCES staff ON UPDATE CASCADE ON DELETE RESTRICT, last_update timestamptz DEFAULT now() NOT NULL);
CREATE SEQUENCE payment_payment_id_seq;
CREATE TABLE payment (payment_id integer DEFAULT nextval('payment_payment_id_seq') NOT NULL, customer_id integer NOT NULL,
  staff_id integer NOT NULL, rental_id integer NOT NULL, amount numeric(5,2) NOT NULL, payment_date timestamptz NOT NULL,
  PRIMARY KEY (payment_date, payment_id)) PARTITION BY RANGE (payment_date);
CREATE TABLE payment_p2014_01 PARTITION OF payment FOR VALUES FROM ('2014-01-01') TO ('2014-02-01');
CREATE TABLE payment_p2026_01 PARTITION OF payment FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
ALTER TABLE payment_p2014_01 ADD FOREIGN KEY (customer_id) REFERENCES customer, ADD FOREIGN KEY (rental_id) REFERENCES rental,
  ADD FOREIGN KEY (staff_id) REFERENCES staff;
ALTER TABLE payment_p2026_01 ADD FOREIGN KEY (customer_id) REFERENCES customer, ADD FOREIGN KEY (rental_id) REFERENCES rental,
  ADD FOREIGN KEY (staff_id) REFERENCES staff;

INSERT INTO country (country) VALUES ('Germany');
INSERT INTO city (city, country_id) VALUES ('Berlin', 1);
INSERT INTO address (address, district, city_id, postal_code, phone) VALUES
  ('1 Shop Street', 'Mitte', 1, '10115', '+4930000001'), ('2 Anna Street', 'Mitte', 1, '10115', '+4930000002'),
  ('3 Bert Street', 'Mitte', 1, '10115', '+4930000003'), ('4 Staff Street', 'Mitte', 1, '10115', '+4930000004');
INSERT INTO store (manager_staff_id, address_id) VALUES (1, 1);
INSERT INTO staff (first_name, last_name, address_id, email, store_id, username) VALUES ('Mike', 'Clerk', 4, 'mike.clerk@example.com', 1, 'Mike');
-- Anna and Carl live at one address; Bert has paid a rental of hers
INSERT INTO customer (store_id, first_name, last_name, email, address_id, create_date) VALUES
  (1, 'ANNA', 'MUSTER', 'Anna.Muster@example.org', 2, '2014-01-01'), (1, 'BERT', 'BEISPIEL', 'bert@example.org', 3, '2014-01-01'),
  (1, 'CARL', 'MUSTER', 'carl@example.org', 2, '2014-01-01');
INSERT INTO film (title) VALUES ('ACADEMY DINOSAUR');
INSERT INTO inventory (film_id, store_id) SELECT 1, 1 FROM generate_series(1, 5);
INSERT INTO rental (rental_date, inventory_id, customer_id, return_date, staff_id) VALUES
  ('2026-01-02', 1, 1, '2026-01-03', 1), ('2026-01-04', 2, 1, NULL, 1), ('2014-01-05', 3, 3, '2014-01-06', 1), ('2026-01-06', 4, 2, NULL, 1);
INSERT INTO payment (customer_id, staff_id, rental_id, amount, payment_date) VALUES
  (1, 1, 1, 2.99, '2026-01-03'), (2, 1, 2, 4.99, '2026-01-04'), (3, 1, 3, 0.99, '2014-01-06'), (2, 1, 4, 3.99, '2026-01-07');
